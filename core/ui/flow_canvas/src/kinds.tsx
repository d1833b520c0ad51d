// The kinds of steps: their names, what they do in a few words, and their signs.

import type { ReactNode } from "react";
import type { Kind } from "./wire";

export interface KindWords {
  kind: Kind;
  name: string;
  hint: string;
}

export const KINDS: KindWords[] = [
  { kind: "send", name: "Send an e-mail", hint: "One of your e-mails" },
  { kind: "delay", name: "Wait", hint: "For a time, or until a time of day" },
  { kind: "wait_for", name: "Wait for an event", hint: "Until they do something" },
  { kind: "branch", name: "Branch", hint: "Different ways for different people" },
  { kind: "split", name: "A/B split", hint: "Random shares of people" },
  { kind: "update_profile", name: "Update the profile", hint: "Note something about them" },
  { kind: "webhook", name: "Call another system", hint: "Tell it what happened" },
  { kind: "exit", name: "End", hint: "Leave the flow here" },
];

const NAMES = new Map(KINDS.map((one) => [one.kind, one.name]));

export function nameOf(kind: Kind): string {
  return NAMES.get(kind) ?? kind;
}

const SHAPES: Record<Kind | "entry", ReactNode> = {
  send: (
    <>
      <rect x="3" y="5.5" width="18" height="13" rx="2" />
      <path d="M3.5 7.5 12 13l8.5-5.5" />
    </>
  ),
  delay: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7v5l3.5 2" />
    </>
  ),
  wait_for: (
    <>
      <path d="M7 3.5h10M7 20.5h10" />
      <path d="M8 3.5c0 4.5 8 5.5 8 8.5 0 3-8 4-8 8.5M16 3.5c0 4.5-8 5.5-8 8.5 0 3 8 4 8 8.5" />
    </>
  ),
  branch: (
    <>
      <path d="M12 3.5v5.5M12 9 6 15v5M12 9l6 6v5" />
      <path d="m3.5 17.5 2.5 2.5 2.5-2.5M15.5 17.5 18 20l2.5-2.5" />
    </>
  ),
  split: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 3.5v17" />
      <path d="M12 7.5h5.5M12 12h8M12 16.5h5.5" />
    </>
  ),
  update_profile: (
    <>
      <circle cx="10" cy="8" r="3.8" />
      <path d="M3.5 19.5c.5-3.8 3.2-6 6.5-6 1 0 2 .2 2.9.6" />
      <path d="m14 20 .6-2.6 4.7-4.7 2 2-4.7 4.7z" />
    </>
  ),
  webhook: (
    <>
      <path d="M4 12h10.5M11 8l4 4-4 4" />
      <path d="M14 4.5h4a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2h-4" />
    </>
  ),
  exit: (
    <>
      <path d="M6 21V4" />
      <path d="M6 4.5h11.5l-2.5 4 2.5 4H6" />
    </>
  ),
  entry: <path d="M13 3 5 13.5h6L10.5 21 19 10.5h-6z" />,
};

export function KindSign({ kind }: { kind: Kind | "entry" }) {
  return <Sign>{SHAPES[kind] ?? SHAPES.webhook}</Sign>;
}

export function Sign({ children }: { children: ReactNode }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" className="sign">
      {children}
    </svg>
  );
}
