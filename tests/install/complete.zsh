# zsh -f complete.zsh FOLDER LINE…: completes each line, as Tab does in an interactive zsh that has the folder's _myriad, and
# prints the arguments that `myriad` gets then.
zmodload zsh/zpty
folder=$1
shift
zpty shell zsh -f -i
zpty -w shell "PS1= PS2=; fpath=($folder \$fpath); autoload -Uz compinit; compinit -u -D; myriad() print -r -- \"<\$*>\"; print -r ready.\$((1))"
zpty -r shell said '*ready.1*'
for line; do
    zpty -w -n shell "myriad $line"$'\t\n'
    zpty -r shell said '*<*>*'
    said=${said##*<}
    print -r -- "${said%%>*}"
done
zpty -d shell
