package storetest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
)

// exchange is gcr's "sx-aes-1": how the dialog hands the password to the
// daemon. Diffie-Hellman over RFC 3526 group 5, HKDF, AES-128-CBC.
type exchange struct{ private, peer *big.Int }

var group5, _ = new(big.Int).SetString(
	"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"+
		"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"+
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"+
		"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF", 16)

func newExchange() (*exchange, error) {
	private, err := rand.Int(rand.Reader, group5)
	return &exchange{private: private}, err
}

// begin is our public key.
func (x *exchange) begin() string {
	public := new(big.Int).Exp(big.NewInt(2), x.private, group5)
	return "[sx-aes-1]\npublic=" + base64.StdEncoding.EncodeToString(public.Bytes())
}

// receive takes the other side's public key.
func (x *exchange) receive(text string) error {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "public="); ok {
			public, err := base64.StdEncoding.DecodeString(value)
			x.peer = new(big.Int).SetBytes(public)
			return err
		}
	}
	return fmt.Errorf("no public key in the exchange")
}

// send is our public key and the sealed secret.
func (x *exchange) send(secret string) (string, error) {
	shared := new(big.Int).Exp(x.peer, x.private, group5).Bytes() // gcr hashes it without leading zeros
	key, err := hkdf.Key(sha256.New, shared, nil, "", 16)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	pad := aes.BlockSize - len(secret)%aes.BlockSize
	text := append([]byte(secret), bytes.Repeat([]byte{byte(pad)}, pad)...)
	iv := make([]byte, aes.BlockSize)
	_, _ = rand.Read(iv) // never fails
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)
	encode := base64.StdEncoding.EncodeToString
	return x.begin() + "\nsecret=" + encode(text) + "\niv=" + encode(iv), nil
}
