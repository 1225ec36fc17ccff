// What the Transform $name runs.
package main

import "fmt"

func main() {
	fmt.Println("$name has nothing to do yet")
}
