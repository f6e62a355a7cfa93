package store

// CheapFile is File with a passphrase that costs next to nothing to guess.
func CheapFile(folder string, ask Passphrase) Store {
	f := newFile(folder, ask)
	f.workFactor = 4
	return serialize(f)
}
