using Tspm.Protocol;

namespace Tspm.Cli.Completion;

/// <summary>The scripts that teach a shell to complete: they hand its words to <c>tspm __complete</c>.</summary>
internal static class CompletionScripts
{
    /// <summary>The shells there is a script for.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    /// <summary>The script of a shell.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public static string Of(string shell) =>
        shell switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            "fish" => Fish,
            "pwsh" or "powershell" => Pwsh,
            _ => throw new CliException(
                ExitCodes.Usage,
                $"there is no completion for \"{shell}\", only for {string.Join(", ", Shells)}",
                NearestNames.To(shell, Shells) is { Count: > 0 } near
                    ? $"did you mean: {string.Join(", ", near)}?"
                    : null,
                ErrorCode.BadValue
            ),
        };

    private const string Bash = """
        # Completion of tspm for bash. To use: source <(tspm completion bash)
        _tspm() {
            local cur line words=() i
            # bash cuts words at "=" and ":": they are put together again.
            for ((i = 1; i <= COMP_CWORD; i++)); do
                if [[ ${#words[@]} -gt 0 && ( ${COMP_WORDS[i]} == [=:]* || ${COMP_WORDS[i-1]} == [=:] ) ]]; then
                    words[${#words[@]}-1]+=${COMP_WORDS[i]}
                else
                    words+=("${COMP_WORDS[i]}")
                fi
            done
            cur=${words[${#words[@]}-1]}
            local cut=""
            [[ $cur == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]] && cut=${cur%"${cur##*[=:]}"}
            COMPREPLY=()
            while IFS= read -r line; do
                line=${line%%$'\t'*}
                if [[ $line == :files ]]; then
                    compopt -o default 2>/dev/null
                    continue
                fi
                [[ $line == *[/:=.] ]] && compopt -o nospace 2>/dev/null
                COMPREPLY+=("${line#"$cut"}")
            done < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null)
        }
        complete -F _tspm tspm

        """;

    private const string Zsh = """
        #compdef tspm
        # Completion of tspm for zsh. To use: source <(tspm completion zsh), or put it into a file _tspm in $fpath.
        _tspm() {
            local line word text
            local -a words_with_text spaceless
            while IFS= read -r line; do
                word=${line%%$'\t'*}
                text=${line#*$'\t'}
                if [[ $word == :files ]]; then
                    _files
                    continue
                fi
                if [[ $word == *[/:=.] ]]; then
                    spaceless+=("$word")
                elif [[ -n $text ]]; then
                    words_with_text+=("${word//:/\\:}:$text")
                else
                    words_with_text+=("${word//:/\\:}")
                fi
            done < <("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
            (( ${#words_with_text} )) && _describe -V tspm words_with_text
            (( ${#spaceless} )) && compadd -S '' -- "${spaceless[@]}"
            return 0
        }
        if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
            _tspm "$@"
        else
            (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u; }
            compdef _tspm tspm
        fi

        """;

    private const string Fish = """
        # Completion of tspm for fish. To use: tspm completion fish | source
        function __tspm_complete
            set -l tokens (commandline -opc) (commandline -ct)
            for line in ($tokens[1] __complete -- $tokens[2..-1] 2>/dev/null)
                if string match -q -- ':files*' $line
                    __fish_complete_path (commandline -ct)
                else
                    echo $line
                end
            end
        end
        complete -c tspm -f -a '(__tspm_complete)'

        """;

    private const string Pwsh = """
        # Completion of tspm for PowerShell. To use: tspm completion pwsh | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName tspm -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
                Where-Object { $_.Extent.EndOffset -le $cursorPosition } | ForEach-Object { $_.ToString() })
            if ($wordToComplete -eq '') { $words += '' }
            & $commandAst.CommandElements[0].ToString() __complete -- @words 2>$null | ForEach-Object {
                $word, $text = $_ -split "`t", 2
                if ($word -ne ':files') {
                    if (-not $text) { $text = $word }
                    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $text)
                }
            }
        }

        """;
}
