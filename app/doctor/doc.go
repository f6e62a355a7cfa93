// Package doctor looks at everything that Authtray stands on, and says of what
// is wrong how to fix it.
//
// A check changes nothing but a probe item in the keychain, which it removes,
// and sends no token. It says what a person can do, and the hint is the command
// for it. Whoever asks bounds the time.
//
// To add a check, write a function that returns one and name it in Examine.
package doctor
