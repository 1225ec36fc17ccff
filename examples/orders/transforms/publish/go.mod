module publish

go 1.21
