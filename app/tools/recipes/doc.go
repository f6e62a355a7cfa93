// Package recipes holds scripts that show the state of the connections in a bar
// or a prompt; README.md says how each is used. There is no code in it;
// app/e2e/commands runs the scripts.
package recipes
