//go:build !race

package lab

// raceDetector reports a binary that was built with -race.
const raceDetector = false
