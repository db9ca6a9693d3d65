// Where this page is: which token endpoint it asks, whether it sits on the sandbox, and the caller's bearer token.
//
// `?endpoint=https://…` names a deployed endpoint. A bearer comes from the password field or from `#bearer=…`: a fragment
// never leaves the browser, while a query is written into the log of every proxy on the way.

import { Problem } from './problems.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @returns {Promise<{endpoint: string, bearer: string, sandbox: object|null, samples: boolean, warning: Problem|null}>} */
export async function findPlace() {
  const config = await fetchConfig();
  const query = new URLSearchParams(location.search);
  const endpoint = query.get('endpoint') ?? config?.token_endpoint ?? '';
  const ownEndpoint = endpoint === config?.token_endpoint;
  return {
    endpoint,
    bearer: bearerFromFragment(),
    samples: config !== null, // whoever serves config.json serves the sentences too
    sandbox: config?.scope && ownEndpoint ? { control: config.control, scope: config.scope } : null,
    priceNote: (ownEndpoint && config?.price_note) || '',
    warning: bearerInQuery(query),
  };
}

async function fetchConfig() {
  const answer = await fetch('./config.json').catch(() => null);
  return answer?.ok ? answer.json().catch(() => null) : null;
}

function bearerFromFragment() {
  const bearer = new URLSearchParams(location.hash.slice(1)).get('bearer') ?? '';
  if (bearer) history.replaceState(null, '', location.pathname + location.search); // out of sight, and out of the history
  return bearer;
}

function bearerInQuery(query) {
  const name = ['bearer', 'token', 'access_token'].find((key) => query.has(key));
  if (!name) return null;
  return new Problem('bearer_in_query', 'A bearer token in the address was ignored',
    `Proxies log "?${name}=…": treat that token as leaked. Put it in the password field, or after "#bearer=".`, null);
}

/** Throws a Problem when the address cannot be a token endpoint. */
export function checkEndpoint(endpoint) {
  let url;
  try {
    url = new URL(endpoint);
  } catch {
    throw new Problem('endpoint_missing', endpoint ? `"${endpoint}" is no address` : 'No token endpoint is known',
      'Put the address of your token function under "Connection", for example https://REGION-PROJECT.cloudfunctions.net/token.', null);
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname))) return;
  throw new Problem('endpoint_insecure', 'The token endpoint must be https',
    `${url.origin} would carry your bearer token unencrypted. Plain http is for 127.0.0.1 and localhost only.`, null);
}
