import { initiateDeviceAuthorization, pollDeviceAuthorizationGrant } from 'openid-client'
import { refusal } from '../authorization-server-metadata.ts'
import { resourceParameter } from '../issuer-rules.ts'
import { requireNameable } from '../named-host.ts'
import { requireOwnDeviceEndpoint } from '../own-endpoints.ts'
import { requireSecureUrl } from '../secure-fetch.ts'
import { type Grant, scopeParameter, withOfflineAccess } from './grant.ts'

/** What the user does on another device. */
export interface DeviceInstructions {
  readonly userCode: string
  /** Where to enter the code. */
  readonly verificationUri: URL
  /** The same with the code in it, for example for a QR code; absent when the server gives none. */
  readonly verificationUriComplete?: URL
  readonly expiresInSeconds: number
}

/** What the device flow needs besides the two servers. */
export interface DeviceCodeOptions {
  /** Tells the user what to do. Must not wait for the user. */
  readonly show: (instructions: DeviceInstructions) => void
  /** Ends the wait. */
  readonly signal?: AbortSignal
}

/** The device authorization grant (RFC 8628): for machines whose user has a browser elsewhere, as over SSH. */
export function deviceCode({ show, signal }: DeviceCodeOptions): Grant {
  return {
    interactive: true,
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    async obtain({ discovery, scopes, connect, fetch }) {
      const { server, issuer } = discovery
      const { device_authorization_endpoint: endpoint } = server
      if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) throw refusal(issuer, 'has no device flow')
      requireOwnDeviceEndpoint(discovery)
      const { configuration, options } = await connect()
      const device = await initiateDeviceAuthorization(configuration, {
        ...resourceParameter(discovery),
        ...scopeParameter(withOfflineAccess(scopes, server)),
      })
      const page = async (value: string) => {
        const url = requireSecureUrl(value, 'verification address')
        requireNameable(url, issuer)
        await fetch.judge?.(url, issuer)
        return url
      }
      const { verification_uri_complete: complete } = device
      const [verificationUri, verificationUriComplete] = [
        await page(device.verification_uri),
        complete === undefined ? undefined : await page(complete),
      ]
      show({
        userCode: device.user_code,
        verificationUri,
        ...(verificationUriComplete && { verificationUriComplete }),
        expiresInSeconds: device.expires_in,
      })
      return await pollDeviceAuthorizationGrant(configuration, device, resourceParameter(discovery), {
        ...options,
        ...(signal && { signal }),
      })
    },
  }
}
