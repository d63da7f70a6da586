/* The bar over the conversation: where one is, and what is always at hand. */
import { CircleQuestionMark, Menu, Moon, Sun } from 'lucide-react';
import { IconButton } from './Icon.jsx';
import { UserMenu } from './UserMenu.jsx';

export function TopBar({ title, user, theme, onTheme, onOpen, onSignOut, onMenu }) {
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
      <IconButton icon={CircleQuestionMark} label="Keyboard help" onClick={() => onOpen('help')} />
      <UserMenu user={user} onPick={onOpen} onSignOut={onSignOut} />
    </header>
  );
}
