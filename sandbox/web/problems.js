// Says what went wrong, in words that tell a caller or an operator what to do next.

export class Problem extends Error {
  /** @param {string} code stable, snake_case  @param {string} title what happened
   *  @param {string} advice what to do  @param {'retry'|'without_microphone'|'confirm'|null} way the button to offer
   *  @param {string|null} address what `confirm` would let the page talk to */
  constructor(code, title, advice, way = 'retry', address = null) {
    super(`${title}. ${advice}`);
    Object.assign(this, { code, title, advice, way, address });
  }
}

export function microphoneProblem(error) {
  const way = 'without_microphone';
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new Problem('microphone_refused', 'The microphone was refused',
        "Allow it in the browser's address bar (the lock or microphone sign) and join again, or join without it and use the sample sentences.", way);
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new Problem('microphone_missing', 'No microphone was found',
        'Connect one and join again, or join without it and use the sample sentences.', way);
    case 'NotReadableError':
    case 'AbortError':
      return new Problem('microphone_busy', 'The microphone does not answer',
        'Another program may be using it: close that one and join again, or join without a microphone.', way);
    case 'InsecureContext':
      return new Problem('microphone_insecure', 'The browser gives this page no microphone',
        'It does so only on https or on localhost: open the page there, or join without a microphone.', way);
    default:
      return new Problem('microphone_failed', 'The microphone could not be opened', `${error.name}: ${error.message}`, way);
  }
}

const TOKEN_ADVICE = {
  400: 'The token endpoint did not accept what the page asked for. Check the language and the voice under "Connection".',
  401: 'The token endpoint wants to know who you are. Put a valid bearer token under "Connection" and join again.',
  403: 'You are known to the token endpoint, but may not do this. Ask whoever runs it.',
  404: 'There is no token endpoint at this address. Check it under "Connection".',
  405: 'Something answers at this address, but no token endpoint. Check it under "Connection".',
  429: 'Too many calls in a short time. Wait a minute and join again.',
};

/** `TokenSource.endpoint` throws one string with status and body; a refused CORS request has neither. */
export function tokenProblem(error, endpoint) {
  const answer = /received (\d{3}) \/ ([\s\S]*)$/.exec(error.message);
  if (!answer) {
    return new Problem('token_unreachable', 'The token endpoint could not be asked',
      `Nothing usable came back from ${endpoint}. It may be down, it may lead elsewhere (redirects are not followed), or it may not allow this page: add ${location.origin} to its TOKEN_ALLOWED_ORIGINS.`);
  }
  const status = Number(answer[1]);
  const advice = TOKEN_ADVICE[status] ?? 'The token endpoint failed. Its own log says why; try again in a moment.';
  return new Problem('token_refused', `The token was refused (${status})`, [endpointMessage(answer[2]), advice].filter(Boolean).join(' '));
}

function endpointMessage(body) {
  try {
    const { code, message } = JSON.parse(body).error;
    return `It says: ${message} (${code}).`;
  } catch {
    return ''; // an HTML page of some proxy helps nobody
  }
}

export function connectProblem(error, serverUrl) {
  return new Problem('server_unreachable', 'The LiveKit server could not be joined',
    `${serverUrl} did not let the page in: ${error.message}. Check that it runs and that the token endpoint's LIVEKIT_URL, key and secret belong to it.`);
}

export const noAgent = (seconds) =>
  new Problem('no_agent', 'No agent came',
    `The room is open, but nobody answered for ${seconds} seconds. Check that a worker runs, that it is registered with the same LiveKit project, and that AGENT_NAME is the same for worker and token endpoint. A late worker does not get this call: try again for a new one.`);

export const agentLeft = () =>
  new Problem('agent_left', 'The agent is gone',
    'Its process may have stopped. Another one takes over within seconds if its worker is alive; otherwise start a new call.');

export const networkLost = () =>
  new Problem('network_lost', 'The connection is lost',
    'The page tried to come back for a while and stopped. Check the network, then join again.');

export const microphoneLost = () =>
  new Problem('microphone_lost', 'The microphone went away',
    'It was unplugged or taken back. You still hear the agent; connect it and join again to speak.', null);
