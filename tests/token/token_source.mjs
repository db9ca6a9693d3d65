// What a page does: fetch tokens with LiveKit's own SDK. Run by test_token_javascript_sdk.py as
//   node token_source.mjs PATH_OF_LIVEKIT_CLIENT ENDPOINT_URL HEADERS_JSON
// and prints one JSON object that says what came back for each case.
import { pathToFileURL } from 'node:url';

const [sdkPath, url, headersJson] = process.argv.slice(2);
const { TokenSource } = await import(pathToFileURL(sdkPath));
const headers = JSON.parse(headersJson);

async function outcome(options, force = true) {
  try {
    return await TokenSource.endpoint(url, { headers }).fetch(options, force);
  } catch (error) {
    return { error: String(error.message) };
  }
}

const source = TokenSource.endpoint(url, { headers });
const first = await source.fetch({ agentName: 'vaani' });
const second = await source.fetch({ agentName: 'vaani' });

console.log(
  JSON.stringify({
    plain: await outcome({}),
    agent: await outcome({ agentName: 'vaani' }),
    everything: await outcome({
      agentName: 'vaani',
      participantName: 'आशा',
      participantAttributes: { language: 'hi-IN' },
    }),
    otherAgent: await outcome({ agentName: 'someone-elses' }),
    agentMetadata: await outcome({ agentName: 'vaani', agentMetadata: 'x' }),
    cached: first.participantToken === second.participantToken,
  }),
);
