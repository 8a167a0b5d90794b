import { describe, expect, it } from '@jest/globals'
import type { Tool } from '@modelcontextprotocol/client'
import { renderRequirement, renderResult, renderTools } from '../../client/render.ts'
import { printable, printableLine } from '../../runtime/printable.ts'

const tool = (part: Partial<Tool> = {}): Tool => ({
  name: 'a_tool',
  inputSchema: { type: 'object' },
  ...part,
})
const secured = (...schemes: unknown[]) => tool({ _meta: { securitySchemes: schemes } })

describe('printable (attack 46)', () => {
  it.each([
    ['colours', '\x1b[31mred\x1b[0m', 'red'],
    ['a title', '\x1b]0;title\x07text', 'text'],
    ['a link', '\x1b]8;;http://evil.example\x07text\x1b]8;;\x07', 'text'],
    ['a title that ends as in ECMA-48', '\x1b]0;title\x1b\\text', 'text'],
    ['a change of character set', '\x1b(0text', 'text'],
    ['bells, backspaces and carriage returns', 'a\x07b\x08c\rd', 'abcd'],
    ['C1 controls', 'a\x9bb\x85', 'ab'],
    ['characters that turn text around', 'a\u202eb\u2066c', 'abc'],
  ])('takes out %s', (_, text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  it.each(['\x1b]0;', '\x1b[', '\x9d', '\x1b[1;', '\x1bP', '\x1b ', '\x1b'])(
    'takes no longer for a megabyte of %j than for other text: it would keep this program busy for minutes',
    (piece) => {
      const text = printable(piece.repeat(1_000_000 / piece.length))
      expect(text).not.toMatch(/\p{Cc}/u)
    },
  )

  it('leaves lines, tabs and every script alone', () => {
    expect(printable('a\n\tü 漢 🎉')).toBe('a\n\tü 漢 🎉')
    expect(printableLine(' a\n\tb ')).toBe('a b')
  })
})

describe('renderRequirement', () => {
  it.each([
    ['public', secured({ type: 'noauth' })],
    ['any account', secured({ type: 'oauth2', scopes: [] })],
    ['read', secured({ type: 'oauth2', scopes: ['read'] })],
    ['admin (not held)', secured({ type: 'oauth2', scopes: ['admin'] })],
    ['not stated', tool()],
    ['not stated', secured({ type: 'invented' })],
  ])('says %s', (expected, subject) => {
    expect(renderRequirement(subject, ['read'])).toBe(expected)
  })

  it('does not say what is lacking while nobody is signed in', () => {
    expect(renderRequirement(secured({ type: 'oauth2', scopes: ['admin'] }), undefined)).toBe('admin')
  })
})

describe('renderTools', () => {
  it('shows parameters, and nothing that a terminal would obey', () => {
    const subject = tool({
      name: 'evil\x1b[2J',
      title: 'Title\nwith a line',
      inputSchema: { type: 'object', properties: { id: { type: 'string' } } },
    })
    expect(renderTools([subject], undefined).split('\n')).toEqual([
      '  TOOL       SCOPE       WHAT IT DOES',
      '  evil id=…  not stated  Title with a line',
    ])
  })
})

describe('renderResult', () => {
  it('prefers structured content: values in columns, lists of objects as tables', () => {
    const structuredContent = {
      total: 2,
      scopes: ['read', 'write'],
      items: [
        { id: 'doc1', title: 'One' },
        { id: 'document2', by: { name: 'x' } },
      ],
    }
    expect(renderResult({ content: [], structuredContent }).split('\n')).toEqual([
      'total   2',
      'scopes  read write',
      'items',
      '  ID         TITLE  BY',
      '  doc1       One',
      '  document2         {"name":"x"}',
    ])
  })

  it('prints text content without escapes, and names what is not text', () => {
    const content = [
      { type: 'text', text: '\x1b[31mred' },
      { type: 'image', data: '', mimeType: 'image/png' },
    ] as const
    expect(renderResult({ content: [...content] })).toBe('red\n(image)')
  })

  it('takes escapes out of structured content, names included', () => {
    expect(renderResult({ content: [], structuredContent: { 'a\x1b[1m': '\x1b[2Jb' } })).toBe('a  b')
  })
})
