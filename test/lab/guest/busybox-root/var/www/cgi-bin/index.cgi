#!/bin/sh
# The guest's page, made when it is asked for, so that name and address are those of this moment.
name=$(hostname)
address=$(ip -4 -o address show dev eth0 | awk '{ sub("/.*", "", $4); print $4; exit }')
printf 'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'
cat <<PAGE
<!doctype html>
<html lang="en">
<title>$name</title>
<h1>Hello from $name</h1>
<p>This page comes from the container <b>$name</b> at <code>$address</code>.</p>
</html>
PAGE
