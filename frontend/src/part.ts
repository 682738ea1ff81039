// One part of what the server knows: the answer to what is asked now, never to another question.
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { reuse } from "./model/reuse.ts";

/** How many requests are on their way, and what waits for them. */
export const pending = signal(0);

/** Counts as pending until the work is done. */
export async function counted<Result>(work: () => Promise<Result>): Promise<Result> {
  pending.value = pending.peek() + 1;
  try {
    return await work();
  } finally {
    pending.value = pending.peek() - 1;
  }
}

type Read<Answer> = (signal: AbortSignal) => Promise<Answer>;
type Use<Answer> = (answer: Answer, before: Answer | null) => void;

export type Part<Answer> = {
  /** Null until the answer is there, and where there is none. */
  readonly answer: ReadonlySignal<Answer | null>;
  /** Why there is none, or no newer one. */
  readonly failure: ReadonlySignal<string | null>;
  /**
   * Asks. The same question again: the answer stays until the new one comes, also where that
   * fails. `use` is called as the new one comes, so that nobody sees it without what `use` sets.
   * Gives null where it failed, or another question came before the answer.
   */
  ask(question: string, read: Read<Answer>, use?: Use<Answer>): Promise<Answer | null>;
  /** What is on its way is not waited for. */
  stop(): void;
  /** Nothing is asked any more. */
  forget(): void;
};

/** `stays`: the answer to another question is held too, until the new one comes or fails. */
export function part<Answer>({ stays = false } = {}): Part<Answer> {
  const answer = signal<Answer | null>(null);
  const failure = signal<string | null>(null);
  let asked: string | null = null;
  let answered: string | null = null;
  let running = new AbortController();

  const empty = () => {
    answer.value = null;
    answered = null;
  };
  const stop = () => running.abort();
  const begin = (question: string | null) => {
    stop();
    if (question === asked) return;
    asked = question;
    batch(() => {
      failure.value = null;
      if (question === null || (question !== answered && !stays)) empty();
    });
  };

  return {
    answer,
    failure,
    stop,
    forget: () => begin(null),
    ask(question, read, use) {
      begin(question);
      running = new AbortController();
      const { signal } = running;
      return counted(async () => {
        try {
          const given = await read(signal);
          if (signal.aborted) return null;
          const before = answer.peek();
          const reused = reuse(before, given);
          batch(() => {
            answered = question;
            failure.value = null;
            answer.value = reused;
            use?.(reused, before);
          });
          return reused;
        } catch (error) {
          if (signal.aborted) return null;
          batch(() => {
            failure.value = error instanceof Error ? error.message : String(error);
            if (question !== answered) empty();
          });
          return null;
        }
      });
    },
  };
}

/** A question that has several words. */
export const question = (...words: readonly unknown[]): string => JSON.stringify(words);
