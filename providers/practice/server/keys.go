package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// keys are the provider's own secrets: what access tokens are sealed with and
// what ID tokens are signed with.
type keys struct {
	seal [32]byte
	sign *ecdsa.PrivateKey
}

func newKeys() (*keys, error) {
	k := &keys{}
	rand.Read(k.seal[:]) // never fails
	var err error
	k.sign, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	return k, nil
}

// ES256 is made in a blink, where an RSA key would cost each test a second.
func (k *keys) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k *keys) Key() any                                    { return k.sign }
func (k *keys) ID() string                                  { return "practice-1" }

type publicKey struct{ *keys }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.sign.PublicKey }

// savedKeys is how keys stand in the state file.
type savedKeys struct {
	Seal []byte `json:"seal"`
	Sign []byte `json:"sign"` // PKCS #8
}

func (k *keys) save() (savedKeys, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.sign)
	return savedKeys{Seal: k.seal[:], Sign: der}, err
}

func (s savedKeys) load() (*keys, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(s.Sign)
	if err != nil {
		return nil, err
	}
	sign, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || len(s.Seal) != 32 {
		return nil, fmt.Errorf("not keys of a practice provider")
	}
	return &keys{seal: [32]byte(s.Seal), sign: sign}, nil
}
