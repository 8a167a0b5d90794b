@rem Scripts in package.json begin with exec, so that signals reach Node.js itself. cmd.exe has no such word.
@%*
