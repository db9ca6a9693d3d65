// One call: fetch a token, join the room, publish the microphone, and tell the page what happens.
//
// Knows LiveKit and the room protocol (docs/room-protocol.md), and nothing of the page. Tells through events:
//   state   {state}                 idle | asking_token | connecting | waiting_for_agent | live | reconnecting | ended
//   agent   {state}                 initializing | listening | thinking | speaking, or null when there is none
//   line    {speaker, segment, text, final}        speaker: caller | agent
//   turn, notice                    the worker's JSON, as it came
//   kept    {purposes}              what the caller lets the other side keep: words, recording; null where nobody asks
//   track   {track}                 the agent's audio, a MediaStreamTrack
//   problem {problem}               a Problem, or null when it is over
//   fresh   {again}                 a new room is being joined; again: by itself, after the old one was lost
//   successor {}                    another agent took over and carries the call on; its usage and cost count from zero

import { DefaultReconnectPolicy, DisconnectReason, Room, RoomEvent, TokenSource, Track, setLogLevel } from './node_modules/livekit-client/dist/livekit-client.esm.mjs';
import { Problem, agentLeft, connectProblem, networkLost, noAgent, tokenProblem } from './problems.js';

setLogLevel('warn'); // its info lines carry room and participant names

const AGENT_PATIENCE_SECONDS = 10;
const AGENT_RETURN_SECONDS = 5; // another one takes over in about 1 s when the worker lives
const RESUME_DELAYS_MS = [0, 300, 1000, 2000, 3000]; // then a fresh room is quicker than more patience
const REJOIN_DELAYS_MS = [300, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000];
const REJOINS_WITHOUT_AGENT = 3; // after a restart the worker may need a moment longer than the page
const ASKING_AGAIN_CHANGES_NOTHING = new Set(['token_refused', 'server_insecure', 'server_foreign', 'server_unconfirmed']);
const ENDED_BY_OTHERS = new Set([DisconnectReason.PARTICIPANT_REMOVED, DisconnectReason.ROOM_DELETED, DisconnectReason.ROOM_CLOSED]);

export class Call extends EventTarget {
  #room = null;
  #wish = null;
  #state = 'idle';
  #agentIdentity = null;
  #agentTimer = null;
  #agentless = 0;
  #rejoining = false;

  /** Join. `wish`: {endpoint, bearer, attributes, track, checkServer}; `checkServer` throws a Problem for a server that may
   *  not be joined. Problems are told, not thrown. */
  async join(wish) {
    this.#wish = wish;
    this.#agentless = 0;
    this.#agentIdentity = null;
    await this.#leaveQuietly();
    await this.#enterFreshRoom().catch((problem) => this.#fail(problem));
  }

  async end() {
    this.#wish = null; // a rejoin under way stops here
    await this.#leaveQuietly();
    this.#tell('agent', { state: null });
    this.#become('ended');
  }

  get state() {
    return this.#state;
  }

  /** Take back what the caller has agreed to: nothing more is kept, and what was kept is erased. */
  async withdraw() {
    await this.#room.localParticipant.setAttributes({ 'vaani.consent': 'withdrawn' });
  }

  async #enterFreshRoom() {
    const { serverUrl, participantToken } = await this.#fetchToken();
    this.#stopIfEnded();
    this.#wish.checkServer(serverUrl, this.#wish.endpoint);
    if (!this.#rejoining) this.#become('connecting');
    const room = new Room({ reconnectPolicy: new DefaultReconnectPolicy(RESUME_DELAYS_MS) });
    this.#room = room;
    this.#listen(room);
    this.#tell('fresh', { again: this.#rejoining }); // before joining: an agent that is there first greets while the microphone is still being published
    try {
      await room.connect(serverUrl, participantToken);
    } catch (error) {
      await this.#leaveQuietly();
      throw connectProblem(error, serverUrl);
    }
    this.#stopIfEnded();
    await room.localParticipant.publishTrack(this.#wish.track(), { source: Track.Source.Microphone, name: 'microphone' });
    this.#becomeLiveOrWait();
  }

  async #fetchToken() {
    const { endpoint, bearer, attributes } = this.#wish;
    if (!this.#rejoining) this.#become('asking_token');
    const headers = bearer ? { Authorization: `Bearer ${bearer}` } : {};
    try {
      // A new source each time: its cache would hand out the last room again, and agents come only to new rooms.
      // No redirects: whom this page asks was decided about this address, not about one that it names.
      return await TokenSource.endpoint(endpoint, { headers, redirect: 'error' }).fetch({ participantAttributes: attributes }, true);
    } catch (error) {
      throw tokenProblem(error, endpoint);
    }
  }

  #listen(room) {
    const here = (handle) => (...values) => room === this.#room && handle(...values);
    // A stream breaks off when the network does; what was read so far stays, and the call says the rest.
    const read = (handle) => here((...stream) => handle(...stream).catch((error) => console.debug('a text stream broke off:', error.message)));
    room.registerTextStreamHandler('lk.transcription', read((reader, from) => this.#readTranscript(reader, from)));
    for (const topic of ['vaani.turn', 'vaani.notice']) {
      room.registerTextStreamHandler(topic, read(async (reader) => this.#tell(topic.slice(6), JSON.parse(await reader.readAll()))));
    }
    room
      .on(RoomEvent.ParticipantConnected, here(() => this.#becomeLiveOrWait()))
      .on(RoomEvent.ParticipantDisconnected, here((who) => who.isAgent && this.#agentIsGone()))
      .on(RoomEvent.ParticipantAttributesChanged, here((_changed, who) => who.isAgent && this.#tellAgentState(who)))
      .on(RoomEvent.TrackSubscribed, here((track) => this.#play(track)))
      .on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()))
      .on(RoomEvent.SignalReconnecting, here(() => this.#connectionIsLost()))
      .on(RoomEvent.Reconnecting, here(() => this.#connectionIsLost()))
      .on(RoomEvent.Reconnected, here(() => this.#becomeLiveOrWait(AGENT_RETURN_SECONDS)))
      .on(RoomEvent.Disconnected, here((reason) => this.#disconnected(reason)));
  }

  async #readTranscript(reader, from) {
    const speaker = from.identity === this.#room.localParticipant.identity ? 'caller' : 'agent';
    const { attributes = {}, id } = reader.info;
    const segment = attributes['lk.segment_id'] ?? id;
    let text = '';
    for await (const piece of reader) {
      text += piece;
      this.#tell('line', { speaker, segment, text, final: false });
    }
    // A caller's line is resent whole as it grows, the last time marked final; an agent's line grows in one stream.
    this.#tell('line', { speaker, segment, text, final: speaker === 'agent' || attributes['lk.transcription_final'] === 'true' });
  }

  #play(track) {
    if (track.kind !== Track.Kind.Audio) return;
    document.body.append(track.attach());
    this.#tell('track', { track: track.mediaStreamTrack });
  }

  // --- the agent comes and goes ---

  #agent() {
    return [...(this.#room?.remoteParticipants.values() ?? [])].find((who) => who.isAgent);
  }

  #becomeLiveOrWait(seconds = AGENT_PATIENCE_SECONDS) {
    clearTimeout(this.#agentTimer);
    const agent = this.#agent();
    if (!agent) {
      this.#become('waiting_for_agent');
      this.#agentTimer = setTimeout(() => this.#nobodyCame(seconds), seconds * 1000);
      return;
    }
    this.#agentless = 0;
    this.#rejoining = false;
    this.#become('live');
    this.#tell('problem', { problem: null });
    if (this.#agentIdentity && this.#agentIdentity !== agent.identity) this.#tell('successor', {});
    this.#agentIdentity = agent.identity;
    this.#tellAgentState(agent);
  }

  #tellAgentState(agent) {
    this.#tell('agent', { state: agent.attributes['lk.agent.state'] ?? 'initializing' });
    this.#tell('kept', { purposes: agent.attributes['vaani.kept']?.split(',').filter((purpose) => purpose !== 'nothing') ?? null });
  }

  #agentIsGone() {
    if (this.#agent()) return; // the other one already took over
    if (this.#state === 'reconnecting') return; // everybody is gone: what came back is told afterwards
    this.#tell('agent', { state: null });
    this.#tell('problem', { problem: agentLeft() });
    this.#become('waiting_for_agent');
  }

  /** After a restart of the server the old room has no agent, and none comes to a room that exists: ask for a new one. */
  #nobodyCame(seconds) {
    const afterReconnect = this.#rejoining || seconds === AGENT_RETURN_SECONDS;
    if (afterReconnect && this.#agentless < REJOINS_WITHOUT_AGENT) {
      this.#agentless += 1;
      this.#rejoin();
      return;
    }
    this.#rejoining = false;
    this.#tell('problem', { problem: noAgent(seconds) });
  }

  // --- the network comes and goes ---

  #connectionIsLost() {
    clearTimeout(this.#agentTimer);
    this.#become('reconnecting');
    this.#tell('agent', { state: null });
  }

  async #disconnected(reason) {
    clearTimeout(this.#agentTimer);
    this.#tell('agent', { state: null });
    if (reason === DisconnectReason.CLIENT_INITIATED) return;
    if (ENDED_BY_OTHERS.has(reason)) {
      this.#become('ended'); // the agent said goodbye and hung up
      return;
    }
    if (reason === DisconnectReason.DUPLICATE_IDENTITY) {
      this.#fail(new Problem('joined_elsewhere', 'You joined from somewhere else', 'The same caller can be in a room only once. Join again to take the call here.'));
      return;
    }
    this.#rejoin();
  }

  async #rejoin() {
    this.#rejoining = true;
    this.#connectionIsLost();
    await this.#leaveQuietly();
    for (const delay of REJOIN_DELAYS_MS) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      if (!this.#wish) return; // ended meanwhile
      try {
        await this.#enterFreshRoom();
        return;
      } catch (problem) {
        if (!this.#wish) return;
        if (ASKING_AGAIN_CHANGES_NOTHING.has(problem.code)) return this.#fail(problem);
      }
    }
    this.#fail(networkLost());
  }

  #stopIfEnded() {
    if (!this.#wish) throw new Problem('ended', 'The call was ended', '', null);
  }

  #fail(problem) {
    this.#rejoining = false;
    if (problem.code === 'ended') return;
    this.#become('idle');
    if (!(problem instanceof Problem)) throw problem; // a mistake of ours belongs in the console
    this.#tell('problem', { problem });
  }

  async #leaveQuietly() {
    clearTimeout(this.#agentTimer);
    const room = this.#room;
    this.#room = null; // its late events are nobody's business any more
    await room?.disconnect();
  }

  #become(state) {
    this.#state = state;
    this.#tell('state', { state });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
