// Blazor's own dialog says little and gives up on a refused resume; runs are kept on the server, so a reload finds them again.
const dialog = document.getElementById('components-reconnect-modal');

dialog.addEventListener('components-reconnect-state-changed', e => {
  dialog.dataset.state = e.detail.state;
  if (e.detail.state === 'show') dialog.showModal();
  else if (e.detail.state === 'hide') dialog.close();
  else if (e.detail.state === 'failed') document.addEventListener('visibilitychange', onVisible);
  else if (e.detail.state === 'rejected') location.reload();
});

async function retry() {
  document.removeEventListener('visibilitychange', onVisible);
  try {
    // false: the server lives, but has forgotten this page.
    if (await Blazor.reconnect() || await Blazor.resumeCircuit?.()) dialog.close();
    else location.reload();
  } catch {
    document.addEventListener('visibilitychange', onVisible);
  }
}

function onVisible() { if (document.visibilityState === 'visible') retry(); }

document.getElementById('reconnect-now').addEventListener('click', retry);
document.getElementById('reconnect-reload').addEventListener('click', () => location.reload());
