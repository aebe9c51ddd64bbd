using System.Runtime.InteropServices;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Watch;

/// <summary>What is watched for one process: its paths with all directories below that are not ignored.</summary>
/// <remarks>
/// The watch thread only. Links to directories are not followed, so there are no loops; a path that is a link is. Bound by
/// <see cref="MaxDirectories"/>: more end the watch, with what to do.
/// </remarks>
internal sealed class WatchTree(WatchSpec spec, string home, WatchListener listener)
{
    /// <summary>The most directories of one process.</summary>
    public const int MaxDirectories = 20_000;

    private readonly Dictionary<int, WatchedDirectory> _directories = [];
    private readonly HashSet<string> _missing = new(StringComparer.Ordinal);
    private string? _unreadable;
    private int _unreadables;
    private bool _isOver;

    /// <summary>The most directories; less in tests.</summary>
    public int Limit { get; init; } = MaxDirectories;

    /// <summary>Begins.</summary>
    public void Open(WatchThread thread)
    {
        foreach (var path in Roots())
        {
            AddRoot(thread, path);
        }

        if (_isOver)
        {
            return;
        }

        listener.Began(_directories.Count);
        if (_unreadable is { } first)
        {
            listener.Told($"{_unreadables} directories cannot be read, the first is {first}");
        }

        if (_missing.Count > 0)
        {
            listener.Missing();
        }
    }

    /// <summary>Ends it.</summary>
    public void Close(WatchThread thread)
    {
        _isOver = true;
        foreach (var number in _directories.Keys)
        {
            thread.Remove(number, this);
        }

        _directories.Clear();
        _missing.Clear();
    }

    /// <summary>Looks whether paths that were not there are there now.</summary>
    public void LookAgain(WatchThread thread)
    {
        foreach (var path in _missing.Where(Path.Exists).ToList())
        {
            _missing.Remove(path);
            AddRoot(thread, path);
            listener.Hit(path);
        }

        if (_missing.Count > 0)
        {
            listener.Missing();
        }
    }

    /// <summary>The kernel has lost changes: all is looked at anew, and something counts as changed.</summary>
    public void Overflow(WatchThread thread)
    {
        if (_isOver)
        {
            return;
        }

        listener.Told(
            "the kernel's queue of changes was full, so one is taken for granted; watch less, or raise fs.inotify.max_queued_events"
        );
        Reopen(thread);
        listener.Hit(spec.Paths[0]);
    }

    /// <summary>Something has changed in a directory.</summary>
    public void Handle(WatchThread thread, FileChange change)
    {
        if (_isOver || !_directories.TryGetValue(change.Number, out var directory))
        {
            return;
        }

        const FileEvents gone =
            FileEvents.SelfDeleted
            | FileEvents.SelfMoved
            | FileEvents.Unmounted
            | FileEvents.Ignored;
        if ((change.Events & gone) != 0)
        {
            Leave(thread, change, directory);
            return;
        }

        var path = Path.Join(directory.Path, change.Name);
        var isDirectory = change.Events.HasFlag(FileEvents.IsDirectory);
        if (!Counts(directory, path, isDirectory))
        {
            return;
        }

        if (isDirectory)
        {
            HandleDirectory(thread, change.Events, directory, path);
            return;
        }

        if (change.Name == IgnoreLayer.FileName && spec.GitIgnore)
        {
            Reopen(thread);
        }

        listener.Hit(path);
    }

    /// <summary>The paths that are not below another one.</summary>
    private IEnumerable<string> Roots()
    {
        var paths = spec
            .Paths.Select(path => path.Length > 1 ? path.TrimEnd('/') : path)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        return paths.Where(path => !paths.Any(other => IsBelow(path, other)));
    }

    private static bool IsBelow(string path, string other) =>
        path.Length > other.Length
        && path.StartsWith(other, StringComparison.Ordinal)
        && (other == "/" || path[other.Length] == '/');

    private void Reopen(WatchThread thread)
    {
        // What is watched stays so meanwhile, under its number: what the kernel has told of it already still counts.
        var before = _directories.Keys.ToList();
        _directories.Clear();
        foreach (var path in Roots().Where(path => !_missing.Contains(path)).ToList())
        {
            AddRoot(thread, path);
        }

        foreach (var number in before.Where(number => !_directories.ContainsKey(number)))
        {
            thread.Remove(number, this);
        }
    }

    private void AddRoot(WatchThread thread, string path)
    {
        if (Directory.Exists(path))
        {
            var layers = IgnoreLayer.Of(path, spec.Ignore, spec.GitIgnore);
            AddAll(thread, new WatchedDirectory(path, layers, path, null), isNew: false);
        }
        else if (Path.GetDirectoryName(path) is { } parent && Directory.Exists(parent))
        {
            // A file: editors put another one in its place, so its name is watched, there or not.
            var layers = IgnoreLayer.Of(parent, spec.Ignore, usesGit: false);
            AddOne(thread, new WatchedDirectory(parent, layers, path, Path.GetFileName(path)));
        }
        else
        {
            _missing.Add(path);
        }
    }

    /// <summary>Adds a directory and all below it; breadth first, so that no depth is too deep.</summary>
    private void AddAll(WatchThread thread, WatchedDirectory first, bool isNew)
    {
        var open = new Queue<WatchedDirectory>();
        open.Enqueue(first);
        while (open.TryDequeue(out var next))
        {
            var directory = spec.GitIgnore
                ? next with
                {
                    Layers = next.Layers.With(next.Path),
                }
                : next;
            if (_isOver || !AddOne(thread, directory))
            {
                continue;
            }

            // Read after it was added: what comes later is told, what was there before is found.
            foreach (var entry in Entries(directory.Path))
            {
                var isDirectory = entry is DirectoryInfo { LinkTarget: null };
                if (!Counts(directory, entry.FullName, isDirectory))
                {
                    continue;
                }

                if (isDirectory)
                {
                    open.Enqueue(directory with { Path = entry.FullName });
                }
                else if (isNew)
                {
                    listener.Hit(entry.FullName);
                }
            }
        }
    }

    private bool AddOne(WatchThread thread, WatchedDirectory directory)
    {
        if (_directories.Count >= Limit)
        {
            Fail(
                thread,
                $"more than {Limit} directories are below {directory.Root}: watch less of it, or leave out what matters not with --watch-ignore"
            );
            return false;
        }

        var number = thread.Add(directory.Path, this);
        switch (number)
        {
            case >= 0:
                return _directories.TryAdd(number, directory);
            case -Inotify.NoRoom:
                Fail(
                    thread,
                    $"no inotify watch is left for {directory.Path}: all programs of this user have fs.inotify.max_user_watches = {Inotify.ReadLimit("max_user_watches")}; "
                        + "raise it with: sudo sysctl fs.inotify.max_user_watches=524288, or watch less"
                );
                return false;
            case -Inotify.NotThere or -Inotify.NoDirectory:
                // Gone since it was read; its directory tells.
                return false;
            default:
                _unreadables++;
                _unreadable ??= $"{directory.Path} ({Marshal.GetPInvokeErrorMessage(-number)})";
                return false;
        }
    }

    private void Fail(WatchThread thread, string reason)
    {
        if (!_isOver)
        {
            Close(thread);
            listener.Failed(reason);
        }
    }

    private void HandleDirectory(
        WatchThread thread,
        FileEvents events,
        WatchedDirectory parent,
        string path
    )
    {
        if ((events & (FileEvents.Created | FileEvents.MovedTo)) != 0)
        {
            listener.Hit(path);
            AddAll(thread, parent with { Path = path }, isNew: true);
        }
        else
        {
            RemoveBelow(thread, path);
            listener.Hit(path);
        }
    }

    /// <summary>A directory has gone; a path that somebody named is waited for.</summary>
    private void Leave(WatchThread thread, FileChange change, WatchedDirectory directory)
    {
        _directories.Remove(change.Number);
        if (directory.Path != directory.Root && directory.OnlyName is null)
        {
            // Its own directory tells that, and has removed all below it.
            thread.Remove(change.Number, this);
            return;
        }

        RemoveBelow(thread, directory.Path);
        thread.Remove(change.Number, this);
        if (_missing.Add(directory.Root))
        {
            listener.Hit(directory.Root);
            listener.Missing();
        }
    }

    private void RemoveBelow(WatchThread thread, string path)
    {
        foreach (
            var (number, directory) in _directories
                .Where(known => known.Value.Path == path || IsBelow(known.Value.Path, path))
                .ToList()
        )
        {
            _directories.Remove(number);
            thread.Remove(number, this);
        }
    }

    private bool Counts(WatchedDirectory directory, string path, bool isDirectory) =>
        path != home
        && (directory.OnlyName is null || Path.GetFileName(path) == directory.OnlyName)
        && !directory.Layers.IsIgnored(path, isDirectory);

    private IEnumerable<FileSystemInfo> Entries(string path)
    {
        try
        {
            return [.. new DirectoryInfo(path).EnumerateFileSystemInfos()];
        }
        catch (DirectoryNotFoundException)
        {
            // Gone since it was added; its directory tells.
            return [];
        }
        catch (UnauthorizedAccessException error)
        {
            _unreadables++;
            _unreadable ??= $"{path} ({error.Message})";
            return [];
        }
        catch (IOException error)
        {
            _unreadables++;
            _unreadable ??= $"{path} ({error.Message})";
            return [];
        }
    }

    /// <summary>A directory that is watched.</summary>
    /// <param name="Path">Where.</param>
    /// <param name="Layers">What does not count in it.</param>
    /// <param name="Root">The path that somebody named and that it belongs to.</param>
    /// <param name="OnlyName">The one name in it that counts; null for all.</param>
    private sealed record WatchedDirectory(
        string Path,
        IgnoreLayers Layers,
        string Root,
        string? OnlyName
    );
}

/// <summary>What a tree tells; on the watch thread.</summary>
internal abstract class WatchListener
{
    /// <summary>So many directories are watched.</summary>
    public abstract void Began(int directories);

    /// <summary>A path has changed.</summary>
    public abstract void Hit(string path);

    /// <summary>Something else that a person must know.</summary>
    public abstract void Told(string text);

    /// <summary>Nothing is watched any more.</summary>
    public abstract void Failed(string reason);

    /// <summary>A named path is not there: somebody is to look again in a while.</summary>
    public abstract void Missing();
}
