// Keeps the page fresh: asks again when something happened, and says honestly how old what is shown is.

const IDLE_MILLISECONDS = { streaming: 10_000, polling: 5_000 };
const SHORTEST_MILLISECONDS = 1_000;
const STALE_MILLISECONDS = 30_000;
const PAUSE_MILLISECONDS = 5_000;
const STREAM_RETRY_MILLISECONDS = { first: 5_000, longest: 60_000 };

export class Live {
  /** @param refresh asks for everything; rejects when there's no answer */
  constructor(refresh, onStatus) {
    this.refresh = refresh;
    this.onStatus = onStatus;
    this.updatedAt = null;
    this.failure = null;
    this.isStreaming = false;
    this.cost = 0;
    this.isPast = false;
    /** How soon is asked again when nothing happens. */
    this.idle = IDLE_MILLISECONDS;
    document.addEventListener("visibilitychange", () => this.look(!document.hidden));
    // A page that the browser keeps for going back would keep its stream, too.
    addEventListener("pagehide", () => this.look(false));
    addEventListener("pageshow", ({ persisted }) => persisted && this.look(true));
    addEventListener("online", () => this.soon(0));
    setInterval(() => this.tell(), 1000);
    this.connect();
  }

  /** Browsers make six connections to a host, for all pages together: only one that is looked at has a stream. */
  look(isLooking) {
    if (!isLooking) {
      clearTimeout(this.pause);
      this.pause = undefined;
      this.stream.close();
      return;
    }
    if (this.stream.readyState === EventSource.CLOSED) this.connect();
    this.soon(0);
  }

  /** The stream only says that something changed; the answers say what. So a lost event does no harm. */
  connect() {
    this.stream?.close();
    const stream = (this.stream = new EventSource("api/v1/events"));
    const happened = () => this.soon(Math.max(SHORTEST_MILLISECONDS, 4 * this.cost));
    stream.addEventListener("open", () => {
      clearTimeout(this.pause);
      this.pause = this.streamPause = undefined;
      this.streams(true);
    });
    for (const kind of ["message", "transition", "transitions", "revision", "reset"]) stream.addEventListener(kind, happened);
    stream.addEventListener("error", () => {
      // Streams end now and then and are there again within seconds: only a longer pause is told. What happens meanwhile is
      // asked for.
      this.soon(SHORTEST_MILLISECONDS);
      this.pause ??= setTimeout(() => this.streams(false), PAUSE_MILLISECONDS);
      if (stream.readyState !== EventSource.CLOSED) return;
      // Refused, which the browser takes for final: by a coordinator that is about to start, or that has no stream. Polling
      // goes on.
      this.streamPause = Math.min(STREAM_RETRY_MILLISECONDS.longest, 2 * this.streamPause || STREAM_RETRY_MILLISECONDS.first);
      setTimeout(() => !document.hidden && this.connect(), this.streamPause);
    });
  }

  streams(isStreaming) {
    if (this.isStreaming === isStreaming) return;
    this.isStreaming = isStreaming;
    this.soon(SHORTEST_MILLISECONDS);
    this.tell();
  }

  /** Asks within so many milliseconds; sooner when that was promised already. */
  soon(milliseconds) {
    const at = performance.now() + milliseconds;
    if (this.timer && this.dueAt <= at) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    this.timer = setTimeout(() => this.turn(), milliseconds);
  }

  async turn() {
    this.timer = null;
    // Who doesn't look isn't asked for; the past doesn't change.
    if (document.hidden || (this.isPast && this.failure === null && this.updatedAt)) return;
    if (this.isAsking) {
      this.isAskedAgain = true;
      return;
    }
    this.isAsking = true;
    const start = performance.now();
    try {
      if (await this.refresh()) {
        this.updatedAt = Date.now();
        this.failure = null;
      }
    } catch (error) {
      this.failure = error;
      if (error.status === undefined) console.error(error);
    }
    this.isAsking = false;
    this.cost = performance.now() - start;
    this.tell();
    if (this.isAskedAgain) {
      this.isAskedAgain = false;
      this.soon(0);
    } else if (!this.isPast || this.failure) {
      this.soon(this.isStreaming && !this.failure ? this.idle.streaming : this.idle.polling);
    }
  }

  /** Another moment is looked at: what is shown is none of it. */
  restart(isPast) {
    this.isPast = isPast;
    this.updatedAt = null;
    this.soon(0);
  }

  tell() {
    const age = this.updatedAt === null ? null : Date.now() - this.updatedAt;
    const isStale = !this.isPast && (this.failure !== null || (age !== null && age > STALE_MILLISECONDS && !document.hidden));
    this.onStatus({
      kind: this.updatedAt === null ? (this.failure ? "failing" : "loading")
        : isStale ? "stale" : this.isPast ? "past" : this.isStreaming ? "live" : "polling",
      age: age === null ? null : age / 1000, updatedAt: this.updatedAt, failure: this.failure,
    });
  }
}
