// Package window is Authtray's window: a short-lived process that is a client
// of the agent's socket like any other. It holds no refresh token, may crash
// without harm, and gives its memory back when closed.
//
// Package remote asks the agent for it, package raise keeps it the only one of its
// profile, and app/e2e/window walks through the real one.
//
// Each view is a file and those that begin with its name: list (Connections),
// details (one of them), form (add and change one), connect (a sign-in under
// way), activity (who read which token), settings. What can be taken back is in undo;
// what they say in words; what they are drawn with in widgets, layout and theme.
//
// # Threads
//
// Everything that touches a widget runs on Fyne's goroutine. Whatever may wait
// (the socket, the browser) runs on another one, and comes back through ui.do. While
// nothing happens that goroutine waits for events, see rest.
//
// # Animations
//
// There are none: Fyne draws the whole window for every frame of an animation
// that has been started and not stopped, also when its object is hidden or gone.
// The one that Fyne starts by itself is the cursor of the entry that has the
// focus: the build tag no_animations has it stand still, and where it is not set
// nothing hidden may keep the focus, which show, modal and page see to.
//
// # Foreign text
//
// Whatever a provider, a browser or another program wrote passes through plain
// before it is shown, and is never read as Markdown.
//
// Its texts in other languages are in package lang, the steps and notes of providers
// in guides.
package window
