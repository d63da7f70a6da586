/*
 * What to read aloud of an answer as it grows: the whole sentences that came
 * since the last time, at most LINES_MAX kept.  An answer that was already there
 * when it was opened is not read out.
 */
import { useEffect, useRef, useState } from 'react';
import { wholeSentences } from '../state/sentences.js';

const LINES_MAX = 6;

export function useSpoken(message, farewell) {
  const [lines, setLines] = useState([]);
  const heard = useRef({ key: null, next: 0, count: 0 });

  useEffect(() => {
    const at = heard.current;
    if (!message || message.role !== 'assistant') return;
    const running = message.state === 'running';
    if (at.key !== message.key) {
      if (!running) return;
      heard.current = { key: message.key, next: 0, count: at.count };
      setLines([]);
    }
    const now = heard.current;
    if (now.ended) return;
    const { spoken, next } = wholeSentences(message.content, now.next, !running);
    now.next = next;
    now.ended = !running;
    const said = !running && farewell ? [...spoken, farewell] : spoken;
    if (said.length === 0) return;
    const fresh = said.map((text) => ({ id: ++now.count, text }));
    setLines((old) => [...old, ...fresh].slice(-LINES_MAX));
  }, [message, farewell]);

  return lines;
}
