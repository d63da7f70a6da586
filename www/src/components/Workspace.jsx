/*
 * The page of somebody who is signed in: the conversations beside the one that
 * is open.  Below 900 px the list is a sheet.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useConversationActions } from '../hooks/useConversationActions.js';
import { useConversations } from '../hooks/useConversations.js';
import { useMediaQuery } from '../hooks/useMediaQuery.js';
import { useModels } from '../hooks/useModels.js';
import { useOnline } from '../hooks/useOnline.js';
import { useRoute } from '../hooks/useRoute.js';
import { useSettings } from '../hooks/useSettings.js';
import { useStreamingChat } from '../hooks/useStreamingChat.js';
import { modelOf } from '../state/settings.js';
import { Account } from './Account.jsx';
import { Chat } from './Chat.jsx';
import { Dialog } from './Dialog.jsx';
import { KeysDialog } from './KeysDialog.jsx';
import { Mark } from './Mark.jsx';
import { Banner } from './Notice.jsx';
import { Sidebar } from './Sidebar.jsx';
import { TopBar } from './TopBar.jsx';

function NotFound({ onNew }) {
  return (
    <div className="empty">
      <h1>There is nothing at this address</h1>
      <div className="empty-actions">
        <button type="button" className="button" data-kind="primary" onClick={onNew}>
          New chat
        </button>
      </div>
    </div>
  );
}

const isWriting = (target) => target.closest?.('input, textarea, [contenteditable]') != null;

/* Keys that work anywhere on the page, unless something else is open. */
function useShortcuts({ enabled, onEscape, onFind, onNew, onHelp }) {
  useEffect(() => {
    if (!enabled) return undefined;
    const onKeyDown = (event) => {
      if (event.defaultPrevented || event.target.closest?.('select')) return;
      if (event.key === 'Escape') {
        onEscape();
      } else if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.code === 'KeyK') {
        event.preventDefault();
        onFind();
      } else if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.code === 'KeyO') {
        event.preventDefault();
        onNew();
      } else if (event.key === '?' && !isWriting(event.target)) {
        event.preventDefault();
        onHelp();
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [enabled, onEscape, onFind, onNew, onHelp]);
}

/* The theme of this page follows the settings, and the button in the bar sets both. */
function useThemeSetting({ theme, onTheme, settings }) {
  const { phase, settings: known, change } = settings;

  useEffect(() => {
    if (phase === 'ready') onTheme(known.theme);
  }, [phase, known.theme, onTheme]);

  return () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    onTheme(next);
    // Where it cannot be kept on the server it still holds in this browser.
    change({ theme: next }).catch(() => {});
  };
}

export function Workspace({ api, session, theme, onTheme, drafts, onSignOut }) {
  const { user } = session;
  const route = useRoute();
  const list = useConversations(api);
  const settings = useSettings(api);
  const models = useModels(api, modelOf(settings.settings));
  const toggleTheme = useThemeSetting({ theme, onTheme, settings });
  const online = useOnline();
  const wide = useMediaQuery('(min-width: 900px)');
  const [open, setOpen] = useState(null);
  const { go } = route;
  const { refresh } = list;

  const onStarted = useCallback(
    (id) => {
      go(id);
      refresh();
    },
    [go, refresh],
  );
  const chat = useStreamingChat({ api, openId: route.id, onStarted, onFinished: refresh });
  const { newConversation, cancelStream } = chat;

  const startNew = useCallback(() => {
    setOpen(null);
    newConversation();
    go(null);
  }, [newConversation, go]);

  const openConversation = useCallback(
    (id) => {
      setOpen(null);
      go(id);
    },
    [go],
  );

  const leave = useCallback(() => {
    newConversation();
    go(null);
  }, [newConversation, go]);
  const actions = useConversationActions({ api, list, open: { id: chat.conversationId, go, leave } });
  const searchRef = useRef(null);
  const find = useCallback(() => {
    searchRef.current?.focus();
    searchRef.current?.select();
    if (!wide) setOpen('find');
  }, [wide]);
  useEffect(() => {
    if (open === 'find') searchRef.current?.focus();
  }, [open]);

  const openHelp = useCallback(() => setOpen('help'), []);
  useShortcuts({
    enabled: open === null,
    onEscape: cancelStream,
    onFind: find,
    onNew: startNew,
    onHelp: openHelp,
  });

  const missing = route.name === 'not_found' || chat.load === 'not_found';
  const title = missing ? 'Not found' : (list.knownTitle(chat.conversationId) ?? chat.title ?? 'New chat');
  useEffect(() => {
    document.title = title === 'New chat' ? 'LLMSelect' : `${title} · LLMSelect`;
  }, [title]);

  const sidebar = (
    <Sidebar
      list={list}
      currentId={chat.conversationId}
      runningId={chat.isStreaming ? chat.conversationId : null}
      actions={actions}
      searchRef={searchRef}
      onOpen={openConversation}
      onNew={startNew}
    />
  );
  const keepDraft = useCallback((text) => drafts.keep(user.id, text), [drafts, user.id]);
  const openKeys = () => setOpen('keys');
  const close = () => setOpen(null);

  return (
    <div className="workspace">
      {wide && (
        <aside className="side">
          <Mark />
          {sidebar}
        </aside>
      )}
      {!wide && (open === 'menu' || open === 'find') && (
        <Dialog title="Conversations" className="sheet" onClose={close}>
          {sidebar}
        </Dialog>
      )}
      <div className="main-side">
        <TopBar
          title={title}
          user={user}
          theme={theme}
          onTheme={toggleTheme}
          onOpen={setOpen}
          onSignOut={() => actions.flush().then(onSignOut)}
          onMenu={wide ? null : () => setOpen('menu')}
        />
        {!online && <Banner>You are offline. Go on writing; sending waits for the network.</Banner>}
        <main className="chat">
          {route.name === 'not_found' ? (
            <NotFound onNew={startNew} />
          ) : (
            <Chat
              chat={chat}
              models={models}
              settings={settings.settings}
              online={online}
              focusOnOpen={wide}
              firstDraft={drafts.of(user.id)}
              onDraft={keepDraft}
              onKeys={openKeys}
              onNew={startNew}
            />
          )}
        </main>
      </div>
      {open === 'keys' && (
        <KeysDialog
          providers={models.providers}
          keys={models.keys}
          onSet={models.setKey}
          onTest={models.testKey}
          onRemove={models.removeKey}
          onClose={close}
        />
      )}
      <Account
        open={open}
        api={api}
        user={user}
        models={models}
        settings={settings}
        onPassword={session.changePassword}
        onDelete={session.deleteAccount}
        onOpen={setOpen}
        onClose={close}
      />
    </div>
  );
}
