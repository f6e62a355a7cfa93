package providers

import (
	"testing"
)

func TestTheCatalogueOfTheProgramHasNoFault(t *testing.T) {
	c, errs := LoadCatalogue("")
	for _, err := range errs {
		t.Error(err)
	}
	if len(c.List()) == 0 {
		t.Fatal("the catalogue is empty")
	}
}
