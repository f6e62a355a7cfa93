package mcp

import (
	"encoding/json"
	"strings"

	"github.com/authtray/authtray/app/config"
)

// memory is what the server said last, by method: the results of initialize and
// server/discover. It is a file of the state folder, without secrets.
type memory struct{ path string }

// maxRemembered is how long a result may be that is kept, in bytes.
const maxRemembered = 256 << 10

// of is the result of a method, or nil.
func (m memory) of(method string) json.RawMessage { return m.load()[method] }

func (m memory) load() map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	if data, err := config.Read(m.path); err == nil && json.Unmarshal(data, &all) != nil {
		return map[string]json.RawMessage{}
	}
	return all
}

// keep remembers a result; nil forgets it. One that holds a secret is not kept. A
// file that cannot be written costs nothing but the memory.
func (m memory) keep(method string, result json.RawMessage, secret string) {
	all := m.load()
	if string(all[method]) == string(result) {
		return
	}
	if result == nil || len(result) > maxRemembered || secret != "" && strings.Contains(string(result), secret) {
		delete(all, method)
	} else {
		all[method] = result
	}
	if data, err := json.Marshal(all); err == nil {
		_ = config.Write(m.path, data)
	}
}

// lists are the capabilities whose lists can change.
var lists = []string{"tools", "prompts", "resources"}

// changeable is a result with listChanged in each of its lists, since the client is
// told of a change when the server can be asked again.
func changeable(result json.RawMessage) json.RawMessage {
	var whole map[string]json.RawMessage
	if json.Unmarshal(result, &whole) != nil {
		return result
	}
	capabilities := map[string]json.RawMessage{}
	if json.Unmarshal(whole["capabilities"], &capabilities) != nil {
		return result
	}
	for _, list := range lists {
		offer := map[string]any{}
		if capabilities[list] == nil || json.Unmarshal(capabilities[list], &offer) != nil {
			continue
		}
		offer["listChanged"] = true
		capabilities[list] = mustJSON(offer)
	}
	whole["capabilities"] = mustJSON(capabilities)
	return mustJSON(whole)
}

// firstTime is the answer to initialize where the server has never been asked.
func firstTime(name, version, program string) json.RawMessage {
	listChanged := map[string]bool{"listChanged": true}
	return mustJSON(map[string]any{
		"protocolVersion": version,
		"capabilities":    map[string]any{"tools": listChanged, "prompts": listChanged, "resources": listChanged},
		"serverInfo":      map[string]string{"name": name, "version": program},
	})
}

// offers are the capabilities that a result names.
func offers(result json.RawMessage) map[string]bool {
	var r struct {
		Capabilities map[string]json.RawMessage `json:"capabilities"`
	}
	if json.Unmarshal(result, &r) != nil {
		return nil
	}
	all := map[string]bool{}
	for name, value := range r.Capabilities {
		all[name] = string(value) != "null"
	}
	return all
}

// mustJSON is for what has been made of JSON, or of strings.
func mustJSON(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
