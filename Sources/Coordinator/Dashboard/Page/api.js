// Questions to the coordinator. Addresses are relative, so that the page also works below another path.

const NO_SUCH_ADDRESS = "urn:image-puller:problem:not-found";

/** Why a question wasn't answered. */
export class Refusal extends Error {
  /** `status` is 0 when nobody answered at all. */
  constructor(status, message, type = "") {
    super(message);
    this.status = status;
    this.type = type;
  }

  /** This coordinator doesn't have the answer at all: the part of the page that shows it says so. */
  get isUnavailable() {
    return this.status === 501 || (this.status === 404 && (!this.type || this.type === NO_SUCH_ADDRESS));
  }
}

const PATIENCE_MILLISECONDS = 20_000;
const EARLY_MILLISECONDS = 5_000;
const ABSENCE_MILLISECONDS = 300_000;

/** Kinds of questions that this coordinator doesn't know at all, and since when: they aren't asked again and again. */
const absent = new Map();

/** The answer to a question that was asked while the modules were on their way; each is taken once, while it's new. */
function early(url) {
  const answer = performance.now() < EARLY_MILLISECONDS ? window.earlyAnswers?.get(url) : undefined;
  window.earlyAnswers?.delete(url);
  return answer;
}

/** Asks; `parameters` that are null are left out. Throws a Refusal, or an AbortError when the signal says so. */
export async function ask(path, parameters = {}, signal = undefined) {
  const kind = path === "coverage/series" ? path : path.split("/")[0];
  if (performance.now() - (absent.get(kind) ?? -Infinity) < ABSENCE_MILLISECONDS) throw new Refusal(404, "not served");
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) if (value !== null && value !== undefined) query.set(key, value);
  const text = query.toString();
  const url = `api/v1/${path}${text ? `?${text}` : ""}`;
  const patience = AbortSignal.timeout(PATIENCE_MILLISECONDS);
  let answer;
  try {
    answer = await (early(url) ?? fetch(url, {
      headers: { Accept: "application/json" },
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    }));
    if (answer.ok) return await answer.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, patience.aborted ? "no answer within 20 s" : "no connection");
  }
  const problem = await answer.json().catch(() => null);
  if (answer.status === 404 && problem?.type === NO_SUCH_ADDRESS) absent.set(kind, performance.now());
  throw new Refusal(answer.status, problem?.detail ?? problem?.title ?? `status ${answer.status}`, problem?.type);
}

/** A name as a part of a path. */
export const segment = (name) => encodeURIComponent(name);
