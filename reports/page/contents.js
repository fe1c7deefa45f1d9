// On a narrow screen the table of contents covers the page: it goes once a place is chosen. It works without this, too.
document.getElementById("contents").addEventListener("click", (event) => {
  if (event.target.closest("a") && event.currentTarget.matches(":popover-open")) event.currentTarget.hidePopover();
});
