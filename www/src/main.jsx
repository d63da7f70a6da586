import './styles/index.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from './api/client.js';
import { createApi } from './api/endpoints.js';
import { App } from './App.jsx';
import { applyTheme } from './hooks/useTheme.js';

applyTheme();

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App api={createApi(createClient())} />
  </StrictMode>,
);
