// Package storetest is the test kit of package store: for its own tests, and
// for those of whatever keeps its values in a Store.
//
//	contract.go        Run: what every Store promises, as a test
//	faults.go          Faulty and FaultyItems: fail, hang or crash at the k-th operation
//	items.go           a raw keychain in memory, and the size limits of other systems
//	bus_linux.go       a private D-Bus session bus
//	keyring_linux.go   the real gnome-keyring-daemon on it: start, kill, lock, unlock
//	prompter_linux.go  stands in for the person in front of its dialogs
package storetest
