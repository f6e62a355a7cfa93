// Package tools tries every dialect with the tool that speaks it: the real
// program, a real agent with a connection to the practice provider, and a server
// on loopback that takes only tokens which the provider stands by.
//
// A tool that is not installed skips its test, and fails it where CI is set.
package tools
