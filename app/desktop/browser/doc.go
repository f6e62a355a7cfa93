// Package browser holds the one function that opens URLs.
//
// A URL comes, in part, from a provider. So only https URLs and http URLs to this
// machine are opened, no shell sees them, and the program that opens
// them inherits nothing of ours that could hold a secret. Nor is there a secret on
// its command line, which every user may read: it is told an address of ours that
// leads to the URL. On Linux that address answers its own user only.
//
// A system needs start, which opens an address, and tells with available whether
// it can; Windows, whose command lines are private, has open alone.
package browser
