import { createServer } from 'node:http'
import process from 'node:process'

// Takes attacks and answers 429: the machine is as busy as beside an attack on the server, and the server is in quiet.

createServer((req, res) => {
  req.on('error', () => {})
  req.resume()
  req.once('end', () => res.writeHead(429).end())
}).listen(Number(process.env.PORT), '127.0.0.1')
