import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { html, page, styleHash } from '../../runtime/html.ts'

const hostile = `<script>alert("1")</script>&'`
const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;'

describe('html', () => {
  it('11: escapes what is put in, in text and in attributes', () => {
    expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(`<p title="${escaped}">${escaped}</p>`)
  })

  it('puts markup of its own in as it is, lists included, and escapes strings in lists', () => {
    const items = ['a<', 'b'].map((text) => html`<li>${text}</li>`)
    expect(html`<ul>${items}</ul>${['<', '>']}`.text).toBe('<ul><li>a&lt;</li><li>b</li></ul>&lt;&gt;')
  })

  it('shows nothing for what is not there, and zero and the empty string as they are', () => {
    expect(html`[${undefined}${null}${false}${''}${0}]`.text).toBe('[0]')
  })

  it('takes an object that only looks like markup for text', () => {
    const forged = JSON.parse('{"text":"<b>"}')
    expect(html`${forged}`.text).not.toContain('<b>')
  })
})

describe('a page', () => {
  it('11: escapes its title', () => {
    expect(page({ title: hostile, body: html`` })).toContain(`<title>${escaped} · Gatehouse</title>`)
  })

  it('carries exactly the style that the policy admits, and nothing else to load or run', () => {
    const text = page({ title: 't', body: html`<h1>t</h1>` })
    const style = /<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? ''
    expect(styleHash).toBe(`'sha256-${createHash('sha256').update(style).digest('base64')}'`)
    expect(text).not.toMatch(/<script|style=|src=|href="(?!data:)|@import|url\(/)
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/)
  })
})
