# tandem: a high-availability director pair. `make drill` shows it, `make test` checks it.
export CGO_ENABLED = 0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: build drill test soak fuzz docs clean

# The static binary.
build:
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/tandem ./cmd/tandem

# The failover drill: installs the test kernel, runs every scenario, prints the report. Exit status 1: a missed budget.
drill:
	@start=$$(date +%s); integration/install.sh drill && $(MAKE) -s build && { \
	  echo "installed and built in $$(($$(date +%s) - start)) s"; \
	  bin/tandem drill $(DRILL); status=$$?; \
	  echo "make drill took $$(($$(date +%s) - start)) s from cold"; exit $$status; }

# Everything that checks the project. The last line counts the tests.
test:
	@integration/install.sh test
	@$(MAKE) -s build
	@go run ./integration/testall

# The long runs: many drills on every mode beside keepalived, benchmarks, a thousand services and a thousand
# instances beside keepalived, adverts under CPU hogs for five minutes, two directors that are each other's real servers
# through every change of role, and a minute for each fuzz test.
soak: fuzz
	@integration/install.sh test
	@$(MAKE) -s build
	bin/tandem drill --runs 9 --compare keepalived --mixed
	bin/tandem drill --runs 5 --compare keepalived --mode nat
	bin/tandem drill --runs 5 --compare keepalived --mode tun
	go test -run '^$$' -bench . -benchmem ./vrrp/... ./healthcheck/... ./ipvs/... ./conf/...
	go test -timeout 30m -run '^$$' -bench . ./integration/scale
	go test -timeout 60m -run '^$$' -bench . -benchtime 3x -v ./integration/calm
	TANDEM_CALM_WINDOW=5m go test -timeout 60m -run '^$$' -bench 'Hogs$$' -benchtime 1x -v ./integration/calm
	go build -o bin/labrun ./integration/labrun && go test -c -o bin/netfilter.test ./ipvs/netfilter
	cd ipvs/netfilter && ../../bin/labrun -kernel complete -- ../../bin/netfilter.test -test.v -test.run Fellow

# A minute for each fuzz test, of which finding shorter inputs must not take the most.
fuzz:
	@for pkg in $$(go list ./... | grep -v /integration); do \
	  for name in $$(go test -list '^Fuzz' $$pkg | grep ^Fuzz); do \
	    echo "$$pkg $$name"; go test -run '^$$' -fuzz "^$$name$$" -fuzztime 60s -fuzzminimizetime 1s $$pkg || exit 1; \
	  done; \
	done

# What is made of the code: the reference of the keywords, conf/KEYWORDS.md, and the rules of VRRP with their tests,
# vrrp/RULES.md, for which it runs those tests.
docs:
	go test ./conf -run '^TestReference$$' -update
	go run ./integration/ruletable

clean:
	rm -rf bin
