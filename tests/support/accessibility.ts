import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** Each colour scheme once, each layout once: a page's colours do not depend on its width, in CSS pixels. */
const views = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 360 },
] as const

/**
 * Looks at a page in light on a desktop and in dark on a phone: axe-core's rules, and no sideways scrolling.
 * The page's own Content-Security-Policy stays in force.
 * @returns what is wrong, in words; empty when nothing is
 */
export async function findAccessibilityProblems(page: Page): Promise<readonly string[]> {
  const problems: string[] = []
  await page.evaluate(axe.source)
  for (const { colorScheme, width } of views) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 800 })
    const where = `${page.url()} (${colorScheme}, ${width} px)`
    for (const { id, nodes } of await runAxe(page)) {
      problems.push(`${where}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    }
    const contentWidth = await page.evaluate(() => document.documentElement.scrollWidth)
    if (contentWidth > width) problems.push(`${where}: scrolls sideways, ${contentWidth} px wide`)
  }
  return problems
}

async function runAxe(page: Page): Promise<axe.Result[]> {
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] }),
  )
  return violations
}
