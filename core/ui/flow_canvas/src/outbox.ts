// Actions on their way to the page: in order, one at a time, each until the page has received it.

import type { Action, Receipt } from "./wire";

const RESEND_MS = 10_000;
// A page that received an action and shows no new flow has refused it.
const PATIENCE_MS = 2_000;

interface Waiting {
  number: number;
  action: Action;
  received: boolean;
}

export class Outbox {
  private readonly client = newClient();
  private waiting: Waiting[] = [];
  private inFlight: number | null = null;
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private send: (value: unknown) => void = () => undefined;
  onChange: () => void = () => undefined;

  sendWith(send: (value: unknown) => void): void {
    this.send = send;
  }

  push(action: Action): void {
    if (!this.joinsLast(action)) {
      this.last += 1;
      this.waiting.push({ number: this.last, action, received: false });
    }
    this.next();
    this.onChange();
  }

  // What was done and is not part of the page's flow yet.
  unsettled(): Action[] {
    return this.waiting.map((one) => one.action);
  }

  accept(receipt: Receipt | null): void {
    if (receipt === null || receipt.client !== this.client) return;
    this.waiting = this.waiting.filter((one) => one.number > receipt.settled);
    for (const one of this.waiting) one.received ||= one.number <= receipt.received;
    if (this.inFlight !== null && this.inFlight <= receipt.received) {
      this.inFlight = null;
      clearTimeout(this.timer);
    }
    const received = receipt.received;
    if (this.waiting.some((one) => one.received)) {
      setTimeout(() => this.giveUp(received), PATIENCE_MS);
    }
    this.next();
  }

  close(): void {
    clearTimeout(this.timer);
    this.onChange = () => undefined;
  }

  private giveUp(received: number): void {
    const left = this.waiting.filter((one) => one.number > received);
    if (left.length === this.waiting.length) return;
    this.waiting = left;
    this.onChange();
  }

  // Quick choices and drags in a row become one, so that the page is not kept busy with the past.
  private joinsLast(action: Action): boolean {
    const last = this.waiting.at(-1);
    if (last === undefined || last.received || last.number === this.inFlight) return false;
    if (last.action.kind === "selected" && action.kind === "selected") {
      last.action = action;
      return true;
    }
    return false;
  }

  private next(): void {
    const one = this.waiting.find((waiting) => !waiting.received);
    if (this.inFlight !== null || one === undefined) return;
    this.inFlight = one.number;
    this.dispatch(one);
  }

  private dispatch(one: Waiting): void {
    this.send({ client: this.client, number: one.number, action: one.action });
    this.timer = setTimeout(() => {
      if (this.inFlight === one.number) this.dispatch(one);
    }, RESEND_MS);
  }
}

function newClient(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
