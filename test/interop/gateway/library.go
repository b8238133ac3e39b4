package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"

	library "interop.test/gateway/gen/library/v1"
)

// libraryService keeps its books in memory. A book that it has given out is never changed, only replaced.
type libraryService struct {
	library.UnimplementedLibraryServiceServer
	mu    sync.Mutex
	books map[string]*library.Book
}

func newLibraryService() *libraryService {
	return &libraryService{books: map[string]*library.Book{}}
}

func (s *libraryService) GetBook(_ context.Context, request *library.GetBookRequest) (*library.Book, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(request.GetName())
}

func (s *libraryService) ListBooks(_ context.Context, request *library.ListBooksRequest) (*library.ListBooksResponse, error) {
	start := 0
	if token := request.GetPageToken(); token != "" {
		var err error
		if start, err = strconv.Atoi(token); err != nil || start < 0 {
			return nil, status.Errorf(codes.InvalidArgument, "page_token %q is none of ours", token)
		}
	}
	size := int(request.GetPageSize())
	if size <= 0 {
		size = 10
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.SortedFunc(maps.Values(s.books), func(a, b *library.Book) int {
		return cmp.Compare(a.GetName(), b.GetName())
	})
	found = slices.DeleteFunc(found, func(book *library.Book) bool {
		return !strings.HasPrefix(book.GetName(), request.GetParent()+"/") || !passes(book, request.GetFilter())
	})
	start = min(start, len(found))
	end := min(start+size, len(found))
	response := &library.ListBooksResponse{Books: found[start:end]}
	if end < len(found) {
		response.NextPageToken = strconv.Itoa(end)
	}
	return response, nil
}

func (s *libraryService) CreateBook(_ context.Context, request *library.CreateBookRequest) (*library.Book, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := request.GetParent() + "/books/" + request.GetBookId()
	if _, exists := s.books[name]; exists {
		return nil, status.Errorf(codes.AlreadyExists, "%s stands there already", name)
	}
	book := &library.Book{}
	if given := request.GetBook(); given != nil {
		book = proto.CloneOf(given)
	}
	book.Name = name
	s.books[name] = book
	return book, nil
}

func (s *libraryService) UpdateBook(_ context.Context, request *library.UpdateBookRequest) (*library.Book, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	book, err := s.changed(request)
	if err != nil {
		return nil, err
	}
	s.books[book.GetName()] = book
	return book, nil
}

func (s *libraryService) BatchUpdateBooks(_ context.Context, request *library.BatchUpdateBooksRequest) (*library.BatchUpdateBooksResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	response := &library.BatchUpdateBooksResponse{}
	for _, each := range request.GetRequests() {
		book, err := s.changed(each)
		if err != nil {
			return nil, err
		}
		response.Books = append(response.Books, book)
	}
	for _, book := range response.GetBooks() {
		s.books[book.GetName()] = book
	}
	return response, nil
}

// changed is a book as an update wants it. It wants the lock held.
func (s *libraryService) changed(request *library.UpdateBookRequest) (*library.Book, error) {
	book, err := s.find(request.GetBook().GetName())
	if err != nil {
		return nil, err
	}
	changed := proto.CloneOf(book)
	from, to := request.GetBook().ProtoReflect(), changed.ProtoReflect()
	if paths := request.GetUpdateMask().GetPaths(); len(paths) == 0 {
		from.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
			to.Set(field, value)
			return true
		})
	} else {
		for _, path := range paths {
			field := to.Descriptor().Fields().ByName(protoreflect.Name(path))
			switch {
			case field == nil:
				return nil, status.Errorf(codes.InvalidArgument, "a book has no %s", path)
			case from.Has(field):
				to.Set(field, from.Get(field))
			default:
				to.Clear(field)
			}
		}
	}
	return changed, nil
}

func (s *libraryService) CheckOutBook(_ context.Context, request *library.CheckOutBookRequest) (*library.Book, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	book, err := s.find(request.GetName())
	if err != nil {
		return nil, err
	}
	if book.GetReader() != "" {
		return nil, status.Errorf(codes.FailedPrecondition, "%s has it", book.GetReader())
	}
	lent := proto.CloneOf(book)
	lent.Reader = request.GetReader()
	s.books[lent.GetName()] = lent
	return lent, nil
}

func (s *libraryService) DeleteBook(_ context.Context, request *library.DeleteBookRequest) (*emptypb.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	book, err := s.find(request.GetName())
	if err != nil {
		return nil, err
	}
	delete(s.books, book.GetName())
	return &emptypb.Empty{}, nil
}

// find wants the lock held.
func (s *libraryService) find(name string) (*library.Book, error) {
	if book, ok := s.books[name]; ok {
		return book, nil
	}
	return nil, status.Errorf(codes.NotFound, "there is no %s", name)
}

// passes says whether a book has what the filter asks for; what the filter leaves out does not matter.
func passes(book *library.Book, filter *library.BookFilter) bool {
	if genres := filter.GetGenres(); len(genres) > 0 && !slices.Contains(genres, book.GetGenre()) {
		return false
	}
	if since := filter.GetPublishedSince(); since != nil {
		published := book.GetPublished()
		if published == nil || published.AsTime().Before(since.AsTime()) {
			return false
		}
	}
	available := filter.GetAvailable()
	return available == nil || available.GetValue() == (book.GetReader() == "")
}
