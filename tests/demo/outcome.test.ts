import { describe, expect, it } from '@jest/globals'
import { contract } from '../../demo/contract.ts'
import { recordOutcome } from '../../demo/outcome.ts'
import type { Reporter } from '../../demo/report.ts'

const silent: Reporter = { section() {}, step() {}, progress() {}, matrix() {} }
const step = { standard: 'RFC 0', what: 'a step', outcome: 'done', ok: true }

describe('recordOutcome', () => {
  it('finds nothing wrong with what the contract says', () => {
    const { reporter, outcome } = recordOutcome(silent)
    reporter.section('one')
    reporter.step(step)
    reporter.matrix(contract)
    expect(outcome()).toMatchObject({ differences: [], steps: [{ ...step, section: 'one' }] })
    expect(outcome().cells).toHaveLength(24)
  })

  it('names every cell that is not as the contract says', () => {
    const { reporter, outcome } = recordOutcome(silent)
    reporter.matrix({
      ...contract,
      write_data: { nobody: 'ok', alice: 'ok', bob: '403 admin', admin: 'ok' },
    })
    expect(outcome().differences).toEqual([
      'write_data as nobody: ok, not 401.',
      'write_data as bob: 403 admin, not 403 write.',
    ])
  })

  it('misses no tool that was not called', () => {
    const { reporter, outcome } = recordOutcome(silent)
    const { read_data: _, ...rest } = contract
    reporter.matrix(rest)
    expect(outcome().differences).toHaveLength(4)
  })

  it('names every step that went wrong, and where', () => {
    const { reporter, outcome } = recordOutcome(silent)
    reporter.matrix(contract)
    reporter.section('two')
    reporter.step({ ...step, ok: false, outcome: '500' })
    expect(outcome().differences).toEqual(['two: a step: 500.'])
  })

  it('is not content with a demo that ended early', () => {
    expect(recordOutcome(silent).outcome().differences).toEqual(['The access matrix was not reached.'])
  })
})
