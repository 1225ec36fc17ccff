// Write the items that sold best, with their share of all that was paid, as JSON lines.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/big"
	"os"
	"os/exec"
)

// A dataset is what DK_INPUT_… and DK_OUTPUT_… say.
type dataset struct {
	Store string `json:"store"`
	Place string `json:"place"`
}

type row struct {
	Item   string      `json:"item"`
	Amount json.Number `json:"amount"`
	Share  json.Number `json:"share"`
}

func main() {
	top := flag.Int("top", 10, "how many items")
	flag.Parse()
	rows, err := read(named("DK_INPUT_REVENUE"))
	if err != nil {
		log.Fatal(err)
	}
	withShares(rows)
	rows = rows[:min(*top, len(rows))]
	if err := write(named("DK_OUTPUT_REPORT"), rows); err != nil {
		log.Fatal(err)
	}
	fmt.Printf(`{"counts": {"report": %d}}`+"\n", len(rows))
}

func named(variable string) (found dataset) {
	if err := json.Unmarshal([]byte(os.Getenv(variable)), &found); err != nil {
		log.Fatalf("%s: %v", variable, err)
	}
	return found
}

// read has the rows of a table, whatever its Store is.
func read(from dataset) (rows []row, err error) {
	command := store("read", from.Store, from.Place)
	printed, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("the rows of %s: %w", from.Place, err)
	}
	return rows, json.Unmarshal(printed, &rows)
}

func withShares(rows []row) {
	amounts, total := make([]*big.Rat, len(rows)), new(big.Rat)
	for place, each := range rows {
		amount, ok := new(big.Rat).SetString(each.Amount.String())
		if !ok {
			log.Fatalf("%s: %q is not a number", each.Item, each.Amount)
		}
		amounts[place] = amount
		total.Add(total, amount)
	}
	for place, amount := range amounts {
		share := new(big.Rat).Quo(new(big.Rat).Mul(amount, big.NewRat(100, 1)), total)
		rows[place].Share = json.Number(share.FloatString(1))
	}
}

// write replaces the file of a DataSet, whole or not at all.
func write(to dataset, rows []row) error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	for _, each := range rows {
		if err := encoder.Encode(each); err != nil {
			return err
		}
	}
	command := store("write", to.Store, to.Place+"/rows.json")
	command.Stdin = &content
	return command.Run()
}

// store is the way to a Store, whatever it is.
func store(arguments ...string) *exec.Cmd {
	command := exec.Command(os.Getenv("DK_PYTHON"), append([]string{"store.py"}, arguments...)...)
	command.Stderr = os.Stderr
	return command
}
