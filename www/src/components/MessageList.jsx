/*
 * The column of questions and answers, and what stands in its place when there
 * are none.  Only the last answer offers to be tried again.
 */
import { ArrowDown } from 'lucide-react';
import { useEffect } from 'react';
import { useFollowEnd } from '../hooks/useFollowEnd.js';
import { useSpoken } from '../hooks/useSpoken.js';
import { ending } from '../state/format.js';
import { Icon } from './Icon.jsx';
import { Message } from './Message.jsx';

function Spoken({ message, provider }) {
  const farewell = message ? ending(message, provider) : null;
  const lines = useSpoken(message, farewell);
  return (
    <div className="visually-hidden" aria-live="polite" aria-atomic="false">
      {lines.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}

export function MessageList({
  messages,
  conversationId,
  live,
  status,
  edit,
  canAsk,
  providerName,
  actions,
  children,
}) {
  const { scroller, away, toEnd } = useFollowEnd();
  const last = messages.at(-1);
  const requestId = live?.requestId;

  // Asking, and opening a conversation, both lead to the end.
  useEffect(toEnd, [requestId, conversationId, toEnd]);

  return (
    <div className="messages">
      {/* Scrollable regions are reachable by keyboard so that they can be read. */}
      <div className="messages-scroll" ref={scroller} tabIndex={0} role="region" aria-label="Conversation">
        <div className="messages-column">
          {children}
          {messages.map((message) => (
            <Message
              key={message.key}
              message={message}
              provider={providerName(message.provider)}
              live={message === last ? live : null}
              status={message === last ? status : null}
              last={message === last}
              busy={live !== null}
              canAsk={canAsk}
              editing={edit && edit.id === message.id ? edit : null}
              actions={actions}
            />
          ))}
        </div>
      </div>
      {away && messages.length > 0 && (
        <button type="button" className="to-end" onClick={toEnd}>
          <Icon as={ArrowDown} /> newer
        </button>
      )}
      <Spoken message={last} provider={providerName(last?.provider)} />
    </div>
  );
}
