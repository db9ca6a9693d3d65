// Starts the page, and says so on the page when a part of it is missing: a module that does not load is otherwise silent.

import('./app.js').catch((error) => {
  const box = document.getElementById('problem');
  box.textContent = `The page could not start: ${error.message}. If node_modules is missing, run "make setup" (or "npm ci" beside this page) and reload.`;
  box.hidden = false;
  throw error;
});
