import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** On a phone everything is looked at; on a desktop in the other colours only these can differ. Widths in CSS pixels. */
const views = [
  { colorScheme: 'light', width: 360, rules: undefined },
  { colorScheme: 'dark', width: 1280, rules: ['color-contrast', 'link-in-text-block'] },
] as const

/**
 * Looks at a page in light on a phone and in dark on a desktop: axe-core's rules, and no sideways scrolling.
 * The page's own Content-Security-Policy stays in force.
 * @returns what is wrong, in words; empty when nothing is
 */
export async function findAccessibilityProblems(page: Page): Promise<readonly string[]> {
  const problems: string[] = []
  await page.evaluate(axe.source)
  for (const { colorScheme, width, rules } of views) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 800 })
    const where = `${page.url()} (${colorScheme}, ${width} px)`
    for (const { id, nodes } of await runAxe(page, rules)) {
      problems.push(`${where}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    }
    const contentWidth = await page.evaluate(() => document.documentElement.scrollWidth)
    if (contentWidth > width) problems.push(`${where}: scrolls sideways, ${contentWidth} px wide`)
  }
  return problems
}

async function runAxe(page: Page, rules: readonly string[] | undefined): Promise<axe.Result[]> {
  const options: axe.RunOptions = { resultTypes: ['violations'], ...(rules && { runOnly: [...rules] }) }
  const { violations } = await page.evaluate(
    (given) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, given),
    options,
  )
  return violations
}
