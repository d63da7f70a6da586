/* A conversation before its first question. */
import { KeyRound } from 'lucide-react';
import { Icon } from './Icon.jsx';

const QUESTIONS = [
  'Explain how a hash table works, with a small example',
  'Draft a polite reply that moves a meeting to Thursday',
  'What should I check before upgrading a database?',
];

export function EmptyChat({ onPick, onKeys }) {
  return (
    <div className="empty">
      <h1>What would you like to ask?</h1>
      <ul className="empty-questions">
        {QUESTIONS.map((question) => (
          <li key={question}>
            <button type="button" className="empty-question" onClick={() => onPick(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
      <p className="empty-keys">
        <Icon as={KeyRound} />
        <span>
          A provider’s API key says who pays for an answer. Add yours in{' '}
          <button type="button" className="text-button" onClick={onKeys}>
            Keys
          </button>
          .
        </span>
      </p>
    </div>
  );
}
