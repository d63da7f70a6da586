/* The dialogs of one's account by name; the page loads them when one is opened. */
import { DeleteAccountDialog } from './DeleteAccountDialog.jsx';
import { ExportDialog } from './ExportDialog.jsx';
import { HelpDialog } from './HelpDialog.jsx';
import { PasswordDialog } from './PasswordDialog.jsx';
import { SessionsDialog } from './SessionsDialog.jsx';
import { SettingsDialog } from './SettingsDialog.jsx';

const DIALOGS = {
  settings: SettingsDialog,
  password: PasswordDialog,
  sessions: SessionsDialog,
  export: ExportDialog,
  delete: DeleteAccountDialog,
  help: HelpDialog,
};

export default function AccountDialogs({ name, ...props }) {
  const Named = DIALOGS[name];
  return <Named {...props} />;
}
