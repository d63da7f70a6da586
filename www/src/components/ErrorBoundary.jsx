/*
 * Keeps a fault in one part of the page from taking the rest with it: shows
 * `fallback` in the place of what failed.
 */
import { Component } from 'react';

export class ErrorBoundary extends Component {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  render() {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}

export function PageFault() {
  return (
    <main className="plain-page">
      <h1>This page met a fault</h1>
      <p>Your conversations are kept on the server. Reload to go on.</p>
      <button type="button" className="button" data-kind="primary" onClick={() => location.reload()}>
        Reload
      </button>
    </main>
  );
}
