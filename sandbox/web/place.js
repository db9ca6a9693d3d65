// Where this page is: which token endpoint it asks, whether it sits on the sandbox, and the caller's bearer token.
//
// `config.json` beside the page names its own endpoint. `?endpoint=https://…` names another one: on one's own machine it is
// filled in and asked about when joining; on a hosted page it is only offered, as a link is made by anybody. A bearer comes from the password field or from `#bearer=…`: a fragment
// never leaves the browser, while a query is written into the log of every proxy on the way.

import { Problem } from './problems.js';
import { Trust, connectSources, isLoopback } from './trust.js';

/** `linked`: what a link wants that this page does not do unasked, {endpoint, bearer, problem}; its bearer is for it alone.
 *  @returns {Promise<{endpoint: string, bearer: string, trust: Trust, linked: object|null, sandbox: object|null, samples: boolean, warning: Problem|null}>} */
export async function findPlace() {
  const config = await fetchConfig();
  holdTo(connectSources(config, location.hostname));
  const query = new URLSearchParams(location.search);
  const trust = new Trust(config, location.hostname);
  const own = config?.token_endpoint ?? '';
  const wanted = query.get('endpoint') || own;
  const bearer = bearerFromFragment();
  const linked = wanted === own || isLoopback(location.hostname) ? null : refusedLink(trust, wanted, bearer);
  const ownEndpoint = linked !== null || wanted === own;
  return {
    endpoint: linked ? own : wanted,
    bearer: linked ? '' : bearer,
    trust,
    linked,
    samples: config?.control !== undefined, // the sandbox serves the sentences too
    sandbox: config?.scope && ownEndpoint ? { control: config.control, scope: config.scope } : null,
    priceNote: (ownEndpoint && config?.price_note) || '',
    warning: bearerInQuery(query),
  };
}

async function fetchConfig() {
  const answer = await fetch('./config.json').catch(() => null);
  return answer?.ok ? answer.json().catch(() => null) : null;
}

/** Policies add up: this one takes away from what index.html allows, and nothing can give it back. */
function holdTo(sources) {
  if (sources === null) return;
  document.head.append(Object.assign(document.createElement('meta'), { httpEquiv: 'Content-Security-Policy', content: `connect-src ${sources}` }));
}

function refusedLink(trust, endpoint, bearer) {
  try {
    trust.checkEndpoint(endpoint);
    return null;
  } catch (problem) {
    return { endpoint, bearer, problem };
  }
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
