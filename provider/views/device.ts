import { html } from '../../runtime/html.ts'
import type { Page } from './send-page.ts'

/** What the page shows that asks for a device's code (RFC 8628 §3.3). */
export interface UserCodeView {
  /** The path that the form is submitted to. */
  readonly action: string
  readonly xsrf: string
  /** What the field is filled with. Untrusted text. */
  readonly userCode: string
  /** Why the last code did not do. */
  readonly problem?: string | undefined
}

/** The page on which a person types the code that a device shows. */
export function userCodePage({ action, xsrf, userCode, problem }: UserCodeView): Page {
  const failed = problem !== undefined
  return {
    title: failed ? 'Connect a device: try again' : 'Connect a device',
    body: html`<p class="brand">Gatehouse</p>
<h1>Connect a device</h1>
<p id="hint">Enter the code that the device or program shows you. Capitals and dashes do not matter.</p>
${failed && html`<p class="error" id="problem" role="alert">${problem}</p>`}
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<label for="user_code">Code</label>
<input type="text" class="code" id="user_code" name="user_code" value="${userCode}" maxlength="40" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus${
      failed && html` aria-invalid="true"`
    } aria-describedby="${failed ? 'problem' : 'hint'}">
<div class="actions">
<button type="submit">Continue</button>
</div>
</form>`,
  }
}

/** What the page shows that asks whether a code is the right one. */
export interface ConfirmCodeView {
  readonly action: string
  readonly xsrf: string
  /** In the groups in which the device shows it. */
  readonly userCode: string
  readonly clientName: string
  readonly resource: string
}

/** The page that asks whether the code is the one on the person's own device (RFC 8628 §5.4). */
export function confirmCodePage({ action, xsrf, userCode, clientName, resource }: ConfirmCodeView): Page {
  return {
    title: 'Is this your device?',
    body: html`<p class="brand">Gatehouse</p>
<h1>Is this your device?</h1>
<p>The device or program in front of you should show this code:</p>
<p class="code">${userCode}</p>
<p class="warning"><strong>Did somebody send you this code?</strong> Then stop here. Whoever started this will act for you on the server, wherever they are.</p>
<dl>
<dt>Application</dt><dd><bdi>${clientName}</bdi></dd>
<dt>Server</dt><dd class="mono">${resource}</dd>
</dl>
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<input type="hidden" name="user_code" value="${userCode}">
<div class="actions">
<button type="submit" name="confirm" value="yes">I started this</button>
<button type="submit" name="abort" value="yes" class="quiet">Cancel</button>
</div>
</form>`,
  }
}

/** The last page: what happens next is seen on the device. */
export function deviceDonePage({ clientName, connected }: { clientName: string; connected: boolean }): Page {
  const title = connected ? 'The device is connected' : 'The device was not connected'
  return {
    title,
    body: html`<p class="brand">Gatehouse</p>
<h1>${title}</h1>
${
  connected
    ? html`<p><bdi>${clientName}</bdi> can go on. You can close this page and return to the device.</p>`
    : html`<p>No access was given. You can close this page. If you want to try again, start again on the device.</p>`
}`,
  }
}
