// Decides to whom this page may send a bearer token and a voice without asking first.
//
// A link is made by a stranger, and on the operator's own origin the microphone is allowed already. So only what
// `config.json` names is believed, and on one's own machine what is on that machine too. Every other address is asked
// about by the host that the browser will really talk to, before anything is sent there.

import { Problem } from './problems.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const CLOUD = 'livekit.cloud'; // a project there is also reached through hosts of its region

export const isLoopback = (hostname) => LOOPBACK.has(hostname);

export class Trust {
  #ownEndpoint;
  #ownServerHost;
  #pageIsLocal;
  #confirmed = new Set(); // for as long as the page is open: nothing that a later link could find is stored

  /** @param {{token_endpoint?: string, livekit_url?: string}|null} config  @param {string} pageHostname */
  constructor(config, pageHostname) {
    this.#ownEndpoint = parsed(config?.token_endpoint)?.href ?? null;
    this.#pageIsLocal = isLoopback(pageHostname);
    this.#ownServerHost = this.#pageIsLocal ? null : (parsed(config?.livekit_url)?.host ?? null);
  }

  /** Throws a Problem when nothing may be sent to this token endpoint (yet). Returns the address as the browser reads it. */
  checkEndpoint(endpoint) {
    const url = parsed(endpoint);
    if (!url) {
      throw new Problem('endpoint_missing', endpoint ? `"${endpoint}" is no address` : 'No token endpoint is known',
        'Put the address of your token function under "Connection", for example https://REGION-PROJECT.cloudfunctions.net/token.', null);
    }
    if (url.username || url.password) {
      throw new Problem('endpoint_misleading', `This address leads to ${url.host}`,
        'What stands before the "@" is a user name, not a host. Put the address without it under "Connection".', null);
    }
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
      throw new Problem('endpoint_insecure', 'The token endpoint must be https',
        `${url.protocol}//${url.host} would carry your bearer token unencrypted. Plain http is for 127.0.0.1 and localhost only.`, null);
    }
    if (url.href === this.#ownEndpoint) return url.href;
    if (this.#ownServerHost) {
      throw new Problem('endpoint_foreign', `This page does not call ${url.host}`,
        `It belongs to ${this.#ownEndpoint}, and its config.json lets it call nobody else.`, null);
    }
    if (this.#believes(url)) return url.href;
    throw new Problem('endpoint_unconfirmed', `Do you want to call ${url.host}?`,
      `This page does not belong to ${url.href}. Your bearer token would be sent there, and your voice to the server that it names. Go on only if you know whose it is.`,
      'confirm', url.href);
  }

  /** The same for the LiveKit server that a token endpoint has named: the caller's voice goes there. */
  checkServer(serverUrl, endpoint) {
    const url = parsed(serverUrl);
    const secure = url && (['wss:', 'https:'].includes(url.protocol) || (['ws:', 'http:'].includes(url.protocol) && isLoopback(url.hostname)));
    if (!secure || url.username || url.password) {
      throw new Problem('server_insecure', 'The token endpoint names no LiveKit server that can be joined',
        `Its "server_url" is "${serverUrl}". Set LIVEKIT_URL of the token endpoint to wss://…; plain ws:// is for 127.0.0.1 and localhost only.`, null);
    }
    if (this.#ownServerHost && this.#ownServerHost !== url.host) {
      throw new Problem('server_foreign', `This page does not join ${url.host}`,
        `The "livekit_url" in its config.json is ${this.#ownServerHost}, but LIVEKIT_URL of the token endpoint is another. Make them the same.`, null);
    }
    if (endpoint === this.#ownEndpoint || this.#believes(url)) return;
    throw new Problem('server_unconfirmed', `Send your voice to ${url.host}?`,
      `${new URL(endpoint).host} names it as the LiveKit server of this call. Go on only if you know whose it is.`, 'confirm', url.href);
  }

  /** The person has read the host of this address and wants it. */
  confirm(address) {
    this.#confirmed.add(address);
  }

  #believes(url) {
    return this.#confirmed.has(url.href) || (this.#pageIsLocal && isLoopback(url.hostname));
  }
}

/** What the browser may connect to, as the value of `connect-src`; null on one's own machine, where nothing is hosted. */
export function connectSources(config, pageHostname) {
  if (isLoopback(pageHostname)) return null;
  const [endpoint, server] = [parsed(config?.token_endpoint), parsed(config?.livekit_url)];
  if (!endpoint || !server) return "'self' https: wss:";
  const hosts = server.hostname.endsWith(`.${CLOUD}`) ? [server.host, `*.${CLOUD}`] : [server.host];
  return ["'self'", endpoint.origin, ...hosts.flatMap((host) => [`https://${host}`, `wss://${host}`])].join(' ');
}

function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}
