/** A long answer with everything that a model may write in Markdown. */
export const MIXED_ANSWER = `# Streaming a long answer

A paragraph with **bold**, *italic*, ~~struck~~ and \`inline code\`, a price of $5 and another of $10, and a formula $e^{i\\pi} + 1 = 0$ in the line. See [the docs][docs] and a note[^1].

## Code in four languages

\`\`\`ts
/** Follows a job to its end, over any number of broken connections, and returns the whole of its text when it is there. */
export async function follow(id: string, after = 0): Promise<string> {
  const stream = client.jobs.stream(id, { after }) // resumes
  let text = ''
  for await (const token of stream) text += \`\${token.text}\`
  return text.length > 1_000 ? text.slice(0, 1_000) : text
}
\`\`\`

\`\`\`python
@dataclass
class Job:
    """A job, as the store has it."""
    id: str
    tokens: int = 0  # so far

def rate(job: Job, seconds: float) -> float:
    return job.tokens / seconds if seconds > 0 else 0.0
\`\`\`

\`\`\`sql
select model, count(*) as jobs, avg(tokens) from jobs -- by model
where status = 'completed' and created_at > now() - interval '1 day'
group by model order by jobs desc limit 10;
\`\`\`

\`\`\`html
<style>.pane { color: #1f5f5b }</style>
<p class="pane">It doesn't break</p>
<script>const done = true</script>
\`\`\`

### A table of eight columns

| Model | Status | Tokens | Tokens/s | First token | Cost | Region | Remarks |
| :-- | :-: | --: | --: | --: | --: | --- | --- |
| alpha-large | completed | 1,204 | 88.4 | 0.31 s | $0.0121 | eu-central | The first of two lines<br>and the second |
| beta-medium | failed | 87 | 12.0 | 1.92 s | $0.0009 | us-east | rate-limited, tried three times |
| gamma | cancelled | 512 | 140.7 | 0.12 s | $0.0003 | ap-south | **stopped** by the reader |

## Formulas

The quadratic formula:

$$
x_{1,2} = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}
$$

and a matrix with a sum, \\(\\sum_{k=1}^{n} k = \\tfrac{n(n+1)}{2}\\):

\\[
A = \\begin{pmatrix} 1 & 2 & 3 \\\\ 4 & 5 & 6 \\end{pmatrix}, \\qquad f(x) = \\begin{cases} x^2 & \\text{if } x > 0 \\\\ 0 & \\text{otherwise} \\end{cases}, \\qquad \\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}
\\]

A wrong one stays as it is: $\\frac{1}{$ and $\\nosuchcommand{x}$.

## Lists

1. First
   - nested with \`code\`
   - another
     1. deeper
2. Second, with a paragraph

   that goes on.

- [x] Write the parser
- [ ] Measure it with a task whose text is so long that it needs a second line on a small screen
  - [ ] on a phone

> A quotation with **words** that are bold,
> and a second line.
>
> > And one within it.

---

A long address: https://example.org/a/very/long/path/that/does/not/end/before/the/edge/of/a/small/screen/comes?query=string&and=more

日本語の段落です。トークンは順番に届き、接続が切れても続きから読めます。中文也可以。한국어도 됩니다.

هذه فقرة باللغة العربية، تُكتب من اليمين إلى اليسار، وفيها كلمة English و\`code\`.

- عنصر أول
- عنصر ثانٍ

Emoji: 🎉 👩‍👩‍👧‍👦 🇳🇴 and H<sub>2</sub>O, x<sup>2</sup>, <b>HTML</b> as text.

[^1]: The note itself.

[docs]: https://example.org/docs
`
