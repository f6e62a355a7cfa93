# Authtray. `make help` says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:

GO      ?= go
PREFIX  ?= /usr/local
# Some shells leave the ~ to make.
override PREFIX := $(patsubst ~/%,$(HOME)/%,$(PREFIX))
export OUT := build
VERSION := $(shell sed -n 's/^Version = "\(.*\)"/\1/p' FyneApp.toml)
# Where client.json of a release is published (https); empty: no client document is sent.
CLIENT_DOCUMENT ?=
# What `authtray version` tells, and the date of all that is packed: that of the
# commit, so that the same commit gives the same bytes.
GIT     := git -c safe.directory='*'
COMMIT  := $(shell $(GIT) describe --always --abbrev=12 --dirty=+changes --exclude='*' 2>/dev/null)
export SOURCE_DATE_EPOCH ?= $(shell $(GIT) log -1 --format=%ct 2>/dev/null || date +%s)
LINKED  := -X github.com/authtray/authtray/app/version
LDFLAGS := -s -w -buildid= $(LINKED).Number=$(VERSION) $(LINKED).Commit=$(COMMIT) $(LINKED).Date=$(shell date -u -d @$(SOURCE_DATE_EPOCH) +%F 2>/dev/null) $(if $(CLIENT_DOCUMENT),-X github.com/authtray/authtray/providers.ClientDocument=$(CLIENT_DOCUMENT))
SYSTEM  := $(shell uname -s)

# The window is drawn by Fyne v2, which speaks X11 and Wayland; without the
# headers of the latter it is built for X11 alone, which Wayland desktops have too.
WAYLAND := $(if $(filter Linux,$(SYSTEM)),$(shell pkg-config --exists wayland-client xkbcommon 2>/dev/null && echo yes),yes)
comma   := ,
TAGS    := release,migrated_fynedo,no_animations$(if $(WAYLAND),,$(comma)x11)

# -trimpath makes a build of its own of everything, which for Fyne takes minutes;
# only what is given away needs it.
RELEASE :=
package: RELEASE := -trimpath

# The window links C, so it is position independent, and its relocations are closed
# before it runs (SECURITY.md says why the program without C is neither).
HARDENED := -buildmode=pie -ldflags '$(LDFLAGS) -linkmode=external -extldflags "-Wl,-z,relro,-z,now"'

# -tags ci gives Fyne a screen in memory, which needs no C.
PLAIN := CGO_ENABLED=0 $(GO)
TEST  := $(PLAIN) test -tags ci
# What several goroutines share; the rest is run without the race detector, as is
# the simulation of the machine alone, which is one goroutine and long.
RACED := ./tokens ./tokens/client/... ./tokens/store ./providers/... ./app/agent ./app/tools/mcp ./app/tools/proxy ./app/api ./app/config ./app/desktop/notify ./app/desktop/tray ./app/window/remote

FUZZTIME ?= 30s
YEARS    ?= 10000
MANAGERYEARS ?= 200
KILLS    ?= 1000
SOAK     ?= 1h

# Checkouts of another owner have no readable version control; it is not needed.
export GOFLAGS := $(GOFLAGS) -buildvcs=false
export SCREENSHOTS := $(CURDIR)/$(OUT)/screenshots

.PHONY: help run build window windows test-windows install uninstall package package-test dist dist-test check fmt vet static test race desktop desktops packages fuzz release-checks bench simulate crashtest soak icons man clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.* ## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(OUT)/authtray $(OUT)/practice ## try it: the practice provider and the tray, in a profile of its own (PORT=47820)
	@providers/practice/run $(OUT)

# --- programs -------------------------------------------------------------

build: $(OUT)/authtray $(OUT)/practice window ## both builds, and the practice provider, in build/

# Go knows best what has changed.
.PHONY: $(OUT)/authtray $(OUT)/practice
ifeq ($(SYSTEM),Darwin)
# The tray needs cgo on macOS, so there it is one program.
$(OUT)/authtray:
	$(GO) build -tags $(TAGS) $(RELEASE) -ldflags '$(LDFLAGS)' -o $@ .
window: $(OUT)/authtray
else
$(OUT)/authtray:
	$(PLAIN) build $(RELEASE) -ldflags '$(LDFLAGS)' -o $@ .
window: ## the window, build/authtray-window (with cgo; some minutes the first time)
	CGO_ENABLED=1 $(GO) build -tags $(TAGS) $(RELEASE) $(if $(filter Linux,$(SYSTEM)),$(HARDENED),-ldflags '$(LDFLAGS)') -o $(OUT)/authtray-window .
endif

# Not a line of go.mod: that would make it a requirement of every importer.
WINRES := github.com/tc-hib/go-winres@v0.3.3

# The file that it makes is linked by each build for windows/amd64, and by no other.
.PHONY: resources
resources:
	$(HERE) run $(WINRES) make --in assets/packaging/winres.json --arch amd64 --out rsrc --product-version $(VERSION).0 --file-version $(VERSION).0

# authtray-agent.exe is authtray.exe for the session to start: a program of the GUI
# subsystem gets no console window.
WINDOWS := GOOS=windows GOARCH=amd64
MINGW   ?= x86_64-w64-mingw32-gcc
windows: resources ## programs and zip for Windows, in build/; with the window where gcc-mingw-w64 is installed
	mkdir -p $(OUT)/windows
	$(WINDOWS) $(PLAIN) build $(RELEASE) -ldflags '$(LDFLAGS)' -o $(OUT)/windows/authtray.exe .
	$(WINDOWS) $(PLAIN) build $(RELEASE) -ldflags '$(LDFLAGS) -H windowsgui' -o $(OUT)/windows/authtray-agent.exe .
	if command -v "$(MINGW)" >/dev/null; then \
		$(WINDOWS) CGO_ENABLED=1 CC=$(MINGW) $(GO) build -tags $(TAGS) $(RELEASE) -ldflags '$(LDFLAGS) -H windowsgui' -o $(OUT)/windows/authtray-window.exe .; \
	else \
		echo "built without the window, which a C compiler for Windows builds (Debian: gcc-mingw-w64-x86-64)"; \
	fi
	$(HERE) run ./assets/packaging/copyright windows amd64 > $(OUT)/windows/LICENCES.txt
	WINDOWS_PROGRAMS='$(CURDIR)/$(OUT)/windows' WINDOWS_VERSION=$(VERSION) $(HERE) test -tags ci -count=1 -v -run TestWindowsPrograms ./app/e2e/packages
	assets/packaging/windows/zip $(VERSION) $(OUT)/windows

# The window takes longer to build than all tests to run; one that is there is opened too.
test-windows: MINGW :=
test-windows: windows ## the programs for Windows and the tests of the packages under Wine, which it installs where it may; 20 min cold
	app/e2e/windows/run $(CURDIR)/$(OUT)/authtray-$(VERSION)-windows-amd64.zip $(VERSION)

$(OUT)/practice:
	$(PLAIN) build $(RELEASE) -ldflags '$(LDFLAGS)' -o $@ ./providers/practice

install: writable $(OUT)/authtray window man completions $(OUT)/copyright ## into PREFIX=/usr/local (DESTDIR is obeyed): programs, pages, completions, menu entry
	@assets/packaging/install put '$(PREFIX)'

uninstall: ## what install put there
	@assets/packaging/install remove '$(PREFIX)'

.PHONY: writable completions $(OUT)/copyright
writable:
	@assets/packaging/install check '$(PREFIX)'

# These run on this machine, whichever one the programs are for.
HERE := env -u GOOS -u GOARCH $(PLAIN)

completions:
	mkdir -p $(OUT)/completions
	for shell in bash zsh fish; do $(HERE) run . completion $$shell > $(OUT)/completions/$$shell; done

$(OUT)/copyright:
	mkdir -p $(OUT)
	$(HERE) run ./assets/packaging/copyright $(shell $(GO) env GOOS GOARCH) > $@

package: $(OUT)/authtray window man completions $(OUT)/copyright ## archive, .deb and .rpm for this machine, in build/dist
	$(if $(CLIENT_DOCUMENT),assets/packaging/client-document '$(CLIENT_DOCUMENT)' > $(OUT)/client.json)
	assets/packaging/package $(VERSION)

# What of a release is made, of linux-amd64, linux-arm64 and windows-amd64; empty: all.
PARTS ?=
dist: ## everything of a release in build/dist, from a tag (UNTAGGED=yes without); see RELEASING.md
	UNTAGGED=$(UNTAGGED) CLIENT_DOCUMENT='$(CLIENT_DOCUMENT)' assets/packaging/dist $(VERSION) $(PARTS)

dist-test: ## that two builds of a release, or of its PARTS, give the same bytes
	PARTS='$(PARTS)' assets/packaging/test/same-bytes

package-test: $(OUT)/practice ## the packages of `make package`: lintian, installed, their units run, purged in a Debian of their own, a home on NFS (needs root)
	assets/packaging/test/packages $(VERSION)
	assets/packaging/test/rpms $(VERSION)
	assets/packaging/test/units $(VERSION)
	assets/packaging/test/kernel $(VERSION)

# Fetched once, and again where the list has changed or npm did not finish; remove the
# folder to have newer ones.
MCPCLIENTS  := $(CURDIR)/$(OUT)/mcp-clients
MCPPACKAGES := @modelcontextprotocol/sdk @modelcontextprotocol/inspector @anthropic-ai/claude-code @openai/codex opencode-ai mcp-remote fastmcp
.PHONY: mcp-clients
mcp-clients: ## the bridge with AI clients and MCP servers, and beside mcp-remote, fetched from npm into build/
	mkdir -p '$(MCPCLIENTS)'
	test "$$(cat '$(MCPCLIENTS)/fetched' 2>/dev/null)" = '$(MCPPACKAGES)' || \
		{ npm install --prefix '$(MCPCLIENTS)' --no-audit --no-fund $(MCPPACKAGES) && echo '$(MCPPACKAGES)' > '$(MCPCLIENTS)/fetched'; }
	MCP_CLIENTS='$(MCPCLIENTS)' $(TEST) -v -timeout 15m -run 'Inspector|Claude|Opencode|Codex|Beside|Latency|TypeScript|FastMCP' ./app/e2e/tools ./app/tools/mcp

OIDCSERVERS := $(CURDIR)/$(OUT)/oidc-servers
.PHONY: oidc-servers
oidc-servers: ## the entry oidc with servers of others: node's from npm into build/, Django's from Debian
	mkdir -p '$(OIDCSERVERS)'
	test -d '$(OIDCSERVERS)/node_modules/oidc-provider' || npm install --prefix '$(OIDCSERVERS)' --no-audit --no-fund oidc-provider
	OIDC_SERVERS='$(OIDCSERVERS)' $(TEST) -v -timeout 5m -run OIDCServers ./app/e2e/tools

icons: ## draw the PNG and ICO icons from their SVG sources
	$(GO) run ./assets/icons/draw

man: ## the manual pages, in build/man
	rm -rf $(OUT)/man
	$(HERE) run ./app/cli/man $(OUT)/man

clean: ## everything in build/
	rm -rf $(OUT)

# --- checks and tests -----------------------------------------------------

check: fmt vet static ## the fast loop: format, vet and staticcheck for three systems, tests without a desktop
	env -u DISPLAY -u WAYLAND_DISPLAY -u DBUS_SESSION_BUS_ADDRESS -u CI $(TEST) -short -skip 'Desktop' \
		$$($(PLAIN) list -tags ci ./... | grep -v -e /app/e2e/crash -e /app/e2e/outside -e /app/e2e/story)

fmt:
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted as gofmt does it:"; echo "$$unformatted"; exit 1; fi

vet: ## go vet for Linux, Windows and macOS, without cgo
	GOOS=linux $(PLAIN) vet -tags ci ./...
	GOOS=windows $(PLAIN) vet -tags ci ./...
	GOOS=darwin $(PLAIN) vet -tags ci ./...

# Not a tool line of go.mod: that would make it a requirement of every importer.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

static: ## staticcheck for Linux, Windows and macOS, without cgo
	@mkdir -p $(OUT)
	GOBIN=$(CURDIR)/$(OUT) $(PLAIN) install $(STATICCHECK)
	GOOS=linux CGO_ENABLED=0 $(OUT)/staticcheck -tags ci ./...
	GOOS=windows CGO_ENABLED=0 $(OUT)/staticcheck -tags ci ./...
	GOOS=darwin CGO_ENABLED=0 $(OUT)/staticcheck -tags ci ./...

# The last lines are those of go test, one a package, after the slowest tests; the
# first failure ends it all, with go test's exit code.
test: packages fmt vet race desktop | $(SCREENSHOTS) ## everything; installs what it needs with apt-get where it may
	$(TEST) -json -timeout 15m ./... | $(PLAIN) run ./app/e2e/slowest

# -cpu 1: two goroutines of a synctest bubble whose timer channels are due at once share
# one context of the race detector, and it stops the program (golang.org/issue/78156). What
# it finds hangs on the order of what happened, not on how many processors there are.
race: | $(SCREENSHOTS) ## what goroutines share, with the race detector
	CGO_ENABLED=1 $(GO) test -race -cpu 1 -short -skip 'TestAYearInAMinute|TestPlantedBugsAreFoundWithinAFewYears' -timeout 15m $(RACED)

desktop: window | $(SCREENSHOTS) ## the window, built for real and driven on a screen of its own
	CGO_ENABLED=1 $(GO) test -tags desktop,$(TAGS) -timeout 15m ./app/e2e/window

desktops: | $(SCREENSHOTS) ## other desktops whose packages you have: LXQt, MATE, GNOME Shell, Plasma
	AUTHTRAY_DESKTOPS=1 $(TEST) -timeout 25m -v ./app/e2e/desktops

$(SCREENSHOTS):
	@mkdir -p '$@'

packages:
	@.ci/packages

# As STATICCHECK: not a line of go.mod.
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

release-checks: ## before a release: modules as they were published, no known vulnerability in what is called
	$(GO) mod verify
	@mkdir -p $(OUT)
	GOBIN=$(CURDIR)/$(OUT) $(PLAIN) install $(GOVULNCHECK)
	@for cgo in 0 1; do \
		tags=ci; if [ $$cgo = 1 ]; then tags=$(TAGS); fi; \
		code=0; CGO_ENABLED=$$cgo $(OUT)/govulncheck -tags $$tags ./... || code=$$?; \
		case $$code in \
		0) ;; \
		3) echo "CGO_ENABLED=$$cgo: known vulnerabilities are called; see above." >&2; exit 1 ;; \
		*) echo "CGO_ENABLED=$$cgo: NOT CHECKED for known vulnerabilities: govulncheck could not run, or could not reach its database at https://vuln.go.dev." >&2; exit 1 ;; \
		esac; \
	done

fuzz: ## every fuzz target for FUZZTIME=30s
	@.ci/fuzz $(FUZZTIME)

simulate: ## on fake time: the life of a grant for YEARS=10000, of a Manager for MANAGERYEARS=200, planted bugs
	$(TEST) ./tokens -run 'TestAYearInAMinute|TestAYearOfAManager|TestPlanted' -years $(YEARS) -manager-years $(MANAGERYEARS) -plants -timeout 0 -v

crashtest: packages ## all crash tests: kill KILLS=1000 agents, and let each call to the keychain fail
	$(TEST) ./app/e2e/crash -full -kills $(KILLS) -timeout 0 -v

soak: packages ## an agent in bad weather for SOAK=1h; make bench takes its account over
	@mkdir -p $(OUT)/bench
	$(TEST) ./app/e2e/crash -run TestSoak -soak $(SOAK) -timeout 0 -v > $(OUT)/bench/soak.txt; code=$$?; cat $(OUT)/bench/soak.txt; exit $$code

SAMPLES ?= 300
RUNS    ?= 2
IDLE    ?= 10m
bench: ## what it costs, beside rivals and floors, in app/e2e/BENCH.md: RUNS=2 of SAMPLES=300, IDLE=10m (45 minutes); mcp-remote after make mcp-clients
	@.ci/packages valgrind
	$(TEST) ./app/e2e/bench -count=1 -measure -samples $(SAMPLES) -runs $(RUNS) -idle $(IDLE) -timeout 0 -v
