/* For administrators: who has an account, and who may make one. */
import { useRef, useState } from 'react';
import { AdminInvites } from './AdminInvites.jsx';
import { AdminUsers } from './AdminUsers.jsx';
import { Dialog } from './Dialog.jsx';

const TABS = [
  ['users', 'Users', AdminUsers],
  ['invites', 'Invitations', AdminInvites],
];

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

function Tabs({ current, onPick }) {
  const list = useRef(null);

  function onKeyDown(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const at = TABS.findIndex(([name]) => name === current);
    const next = (at + step + TABS.length) % TABS.length;
    onPick(TABS[next][0]);
    list.current.children[next].focus();
  }

  return (
    <div className="tabs" role="tablist" tabIndex={-1} aria-label="Administration" ref={list} onKeyDown={onKeyDown}>
      {TABS.map(([name, label]) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          className="tab"
          aria-selected={name === current}
          aria-controls="tab-panel"
          tabIndex={name === current ? 0 : -1}
          onClick={() => onPick(name)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

export default function AdminDialog({ api, user, onClose }) {
  const [tab, setTab] = useState('users');
  const Panel = TABS.find(([name]) => name === tab)[2];
  return (
    <Dialog title="Administration" className="dialog dialog-wide" onClose={onClose}>
      <Tabs current={tab} onPick={setTab} />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        <Panel api={api} user={user} />
      </div>
    </Dialog>
  );
}
