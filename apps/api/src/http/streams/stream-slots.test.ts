import { expect, it } from 'vitest'
import { StreamSlots } from './stream-slots.ts'

it('StreamSlots limits the streams of a caller and of a job, and a released slot is free again', () => {
  const slots = new StreamSlots({ perCaller: 2, perJob: 1 })
  const release = slots.take('ann', 'a')
  expect(() => slots.take('bob', 'a')).toThrow('This job has 1 open streams.')
  slots.check('ann')
  slots.take('ann', 'b')
  expect(() => slots.check('ann')).toThrow('You have 2 open streams.')
  expect(() => slots.take('ann', 'c')).toThrow('You have 2 open streams.')
  slots.check('bob')
  release()
  slots.check('ann')
})
