/* The bar over the conversation: where one is, and what is always at hand. */
import { KeyRound, LogOut, Menu, Moon, Sun } from 'lucide-react';
import { IconButton } from './Icon.jsx';

export function TopBar({ title, user, theme, onTheme, onKeys, onSignOut, onMenu }) {
  const dark = theme === 'dark';
  return (
    <header className="top-bar">
      {onMenu && <IconButton icon={Menu} label="Conversations" onClick={onMenu} />}
      <p className="top-title">{title}</p>
      <IconButton
        icon={dark ? Sun : Moon}
        label={dark ? 'Light theme' : 'Dark theme'}
        onClick={onTheme}
      />
      <IconButton icon={KeyRound} label="Keys" onClick={onKeys} />
      <span className="top-user">{user.username}</span>
      <IconButton icon={LogOut} label="Sign out" onClick={onSignOut} />
    </header>
  );
}
