// The text on its way to the page: a moment after the last letter, or at once.

import type { ChangeDesc, Text } from "@codemirror/state";
import type { Delivery, Receipt } from "./wire";

const PAUSE_MS = 300;

interface Snapshot {
  text: Text;
  since: ChangeDesc | null;
}

export class Courier {
  private readonly client = newClient();
  private number = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private snapshots: Map<number, Snapshot>;
  send: (delivery: Delivery) => void = () => undefined;

  constructor(
    private text: Text,
    private revision: number,
    private readonly current: () => Text,
  ) {
    this.snapshots = new Map([[0, { text, since: null }]]);
  }

  // What the page knows, as far as it was told.
  get delivered(): Text {
    return this.text;
  }

  changed(changes: ChangeDesc): void {
    for (const snapshot of this.snapshots.values()) {
      snapshot.since = snapshot.since === null ? changes : snapshot.since.composeDesc(changes);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.deliver(), PAUSE_MS);
  }

  deliver(): void {
    clearTimeout(this.timer);
    const text = this.current();
    if (text.eq(this.text)) return;
    this.number += 1;
    this.text = text;
    this.snapshots.set(this.number, { text, since: null });
    const { client, number, revision } = this;
    this.send({ client, number, revision, text: text.toString() });
  }

  // The page put another text in the place of this one.
  begin(text: Text, revision: number): void {
    clearTimeout(this.timer);
    this.text = text;
    this.revision = revision;
    this.snapshots = new Map([[this.number, { text, since: null }]]);
  }

  // The text that the page speaks of, and what was changed since.
  snapshot(receipt: Receipt): Snapshot | undefined {
    if (receipt.client !== this.client) return [...this.snapshots.values()][0];
    for (const number of this.snapshots.keys()) {
      if (number < receipt.number) this.snapshots.delete(number);
    }
    return this.snapshots.get(receipt.number);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

function newClient(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
